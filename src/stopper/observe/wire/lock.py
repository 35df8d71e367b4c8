"""What a key must fit: the bytes that a token's HMAC covers, and how the key of that HMAC is made from a secret.

JWTs use the secret as it is (RFC 7518, 3.2); itsdangerous makes a key of it for each purpose, told apart by a salt.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from stopper.observe.views import Credential
from stopper.observe.wire import jwt
from stopper.observe.wire.token import Form, read
from stopper.secret import Secret


class Derivation(enum.Enum):
    """How the HMAC's key is made; the names are those of itsdangerous (`key_derivation`)."""

    NONE = "none"
    HMAC = "hmac"
    CONCAT = "django-concat"


@dataclass(frozen=True, slots=True)
class Lock:
    """One way in which a token may have been signed; plain data, so that it can travel to another process.

    `name` says which way (`HS256`, `Flask session`, `itsdangerous with the salt 'auth'`), `digest` is the hash. What is
    not `likely` is worth quick guesses only.
    """

    name: str
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    digest: str
    derivation: Derivation = Derivation.NONE
    salt: bytes = b""
    likely: bool = True

    def first(self, secrets: Iterable[bytes]) -> tuple[int, bytes] | None:
        """Return the first secret that fits with its position, counted from 0."""
        signed, signature, digest, salt, sign = self.signed, self.signature, self.digest, self.salt, hmac.digest
        # One loop each: a call for every guess would cost as much as the guess itself.
        if self.derivation is Derivation.NONE:
            for number, secret in enumerate(secrets):
                if sign(secret, signed, digest) == signature:
                    return number, secret
        elif self.derivation is Derivation.HMAC:
            for number, secret in enumerate(secrets):
                if sign(sign(secret, salt, digest), signed, digest) == signature:
                    return number, secret
        else:
            hashed, prefix = getattr(hashlib, digest), salt + b"signer"
            for number, secret in enumerate(secrets):
                if sign(hashed(prefix + secret).digest(), signed, digest) == signature:
                    return number, secret
        return None

    def key(self, secret: bytes) -> bytes:
        """Return the key of the HMAC that a secret stands for."""
        if self.derivation is Derivation.HMAC:
            return hmac.digest(secret, self.salt, self.digest)
        if self.derivation is Derivation.CONCAT:
            return hashlib.new(self.digest, self.salt + b"signer" + secret).digest()
        return secret

    def remade(self, secret: bytes) -> Callable[[float], Secret] | None:
        """Return what makes the token again as if at another time (Unix seconds); None where it carries no time."""
        payload, dot, moment = self.signed.rpartition(b".")
        if not dot or not self.salt or not _dated(moment.decode("ascii")):
            return None
        key = self.key(secret)

        def made(at: float) -> Secret:
            signed = payload + b"." + jwt.encode(int(at).to_bytes(4, "big")).encode()
            return Secret(f"{signed.decode()}.{jwt.encode(hmac.digest(key, signed, self.digest))}")

        return made


_DEFAULT_SALTS = ("itsdangerous", "itsdangerous.Signer")
"""The salts that itsdangerous takes where none is given: a serializer's, and a bare signer's."""

_SALTS = (
    "auth",
    "auth-token",
    "token",
    "access-token",
    "api-token",
    "cookie-session",
)
"""Usual ones."""

_SESSION_SALT = "cookie-session"
_HASHES = {20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}


def locks(token: str, salts: Iterable[str] = ()) -> tuple[Lock, ...]:
    """Return the ways in which a token may have been signed with a secret, likeliest first; none where none is known.

    `salts` are further ones for itsdangerous.
    """
    parsed = jwt.parse(token)
    if parsed is not None:
        digest = jwt.DIGESTS.get(str(parsed.header.get("alg")))
        name, signed = str(parsed.header.get("alg")), token.rpartition(".")[0].encode("ascii")
        return (Lock(name, signed, parsed.signature, digest),) if digest else ()
    form = read(token).form
    return tuple(_itsdangerous(token, form, salts)) if form in (Form.SESSION, Form.SIGNED) else ()


def _itsdangerous(token: str, form: Form, salts: Iterable[str]) -> Iterator[Lock]:
    payload, _, last = token.rpartition(".")
    signed, signature = payload.encode("ascii"), jwt.decode(last) or b""
    digest = _HASHES.get(len(signature))
    if digest is None:
        return
    if form is Form.SESSION:
        # Flask's SecureCookieSessionInterface: salt, key_derivation and digest_method are its own.
        yield Lock("Flask session", signed, signature, digest, Derivation.HMAC, _SESSION_SALT.encode())
    likely = (*salts, *_DEFAULT_SALTS)
    for salt in dict.fromkeys((*likely, *_SALTS)):
        name = f"itsdangerous with the salt {salt!r}"
        yield Lock(name, signed, signature, digest, Derivation.CONCAT, salt.encode(), salt in likely)


_FIRST_MOMENT = 1_300_000_000


def _dated(text: str) -> bool:
    """Tell whether a part of a token is the time at which it was signed, in seconds as base64url."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{6}", text):
        return False
    return _FIRST_MOMENT < int.from_bytes(jwt.decode(text) or b"", "big") < time.time() + 86_400


def holding(credential: Credential, lock: Lock, secret: bytes) -> Credential:
    """Return the credential with what signs by a secret that fits one of its locks."""
    if credential.jwt is not None:
        return jwt.holding(credential, secret)
    key, digest = lock.key(secret), lock.digest
    return replace(credential, seal=lambda signed: hmac.digest(key, signed, digest), redated=lock.remade(secret))


def opened(found: Iterable[Lock], secrets: Iterable[bytes]) -> tuple[Lock, bytes] | None:
    """Return the first of the locks that one of these secrets fits, with that secret."""
    held = tuple(secrets)
    for lock in found:
        fitting = lock.first(held)
        if fitting:
            return lock, fitting[1]
    return None
