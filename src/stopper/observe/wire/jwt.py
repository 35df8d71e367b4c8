"""Compact JWS (RFC 7515, RFC 7519) taken apart without verifying, and put together again with or without a key."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import json
import re
import secrets
import string
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from stopper.observe.views import Credential, Jwt, Signer
from stopper.secret import Secret, opaque_checksum

_LONGEST = 65_536
_PART = re.compile(r"[A-Za-z0-9_+/-]*={0,2}")
DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
"""The hashes of the HMAC algorithms (RFC 7518 section 3.2)."""

_HOUR = 3600
_ALPHABETS = (
    string.digits,
    string.digits + "abcdef",
    string.digits + "ABCDEF",
    string.digits + string.ascii_lowercase,
    string.digits + string.ascii_uppercase,
    string.digits + string.ascii_letters,
)
RANDOM = "random token of the same shape"
"""The label of a credential made by `random_like`: the proof protocol asks each operation with one, as R."""

_PREFIX = re.compile(r"(?:[A-Za-z][A-Za-z0-9]{0,7}[_-])+(?=[^_-]{16})")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-([1-8])[0-9a-f]{3}-([89ab])[0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


# --------------------------------------------------------------------------- reading


def parse(token: str) -> Jwt | None:
    """Return the parts of a compact JWS, or None where it is none. Nothing is verified.

    Tolerant: padding, the standard base64 alphabet and repeated members are read as careless servers read them.
    """
    parts = token.split(".") if len(token) <= _LONGEST else []
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        return None
    header, claims, signature = _object(parts[0]), _object(parts[1]), decode(parts[2])
    if header is None or claims is None or signature is None:
        return None
    return Jwt(header, claims, signature)


def decode(part: str) -> bytes | None:
    """Return the bytes of a base64url text, padded or not, or None where it is none."""
    text = part.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _object(part: str) -> dict[str, Any] | None:
    try:
        value = json.loads(decode(part) or b"")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


# --------------------------------------------------------------------------- writing


def encode(data: bytes) -> str:
    """Return bytes as base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def compact(header: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """Return a compact JWS; `sign` is given the signing input (RFC 7515, 5.1) and returns the signature."""
    signed = f"{_segment(header)}.{_segment(claims)}"
    return f"{signed}.{encode(sign(signed.encode('ascii')))}"


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """Return a token with an empty signature (RFC 7515, A.5); the header says what it likes."""
    return compact(header, claims, lambda _: b"")


def hmac_signer(key: bytes) -> Signer:
    """Return a signer with an HMAC key; the header's `alg` picks HS256, HS384 or HS512, anything else means HS256."""

    def sign(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Secret:
        digest = DIGESTS.get(str(header.get("alg")), "sha256")
        return Secret(compact(header, claims, lambda signed: hmac.digest(key, signed, digest)))

    return sign


def keyed(found: Credential, key: bytes, label: str, **header: Any) -> Credential:
    """Return a JWT credential signed anew by HMAC with a key of ours, all claims kept, header members changed as given.

    The algorithm stays where it is an HMAC, else it becomes HS256.
    """
    if found.jwt is None:
        return found
    algorithm = found.jwt.header.get("alg")
    named = {**found.jwt.header, "alg": algorithm if algorithm in DIGESTS else "HS256", **header}
    return found.changed(hmac_signer(key)(named, found.jwt.claims).reveal(), label)


def minted(found: Credential, label: str, header: Mapping[str, Any], claims: Mapping[str, Any]) -> Iterator[Credential]:
    """Yield the credential signed anew with the API's own key, these members changed; nothing where no key is at hand.

    With a foreign signature it would be refused for its own sake, and prove nothing.
    """
    if found.jwt is not None and found.sign is not None:
        token = found.sign({**found.jwt.header, **header}, {**found.jwt.claims, **claims})
        yield replace(found, token=token, label=f"{label}, signed with the API's own key")


def _segment(value: Mapping[str, Any]) -> str:
    return encode(json.dumps(dict(value), separators=(",", ":")).encode("utf-8"))


# --------------------------------------------------------------------------- credentials


def credential(
    token: str, header: str = "Authorization", scheme: str = "Bearer", key: bytes | None = None
) -> Credential:
    """Return a credential with what its token shows; it can sign where `key` is the one that signed the token."""
    found = Credential(Secret(token), header, scheme, parse(token))
    return holding(found, key) if key is not None and verifies(token, key) else found


def with_key(found: Credential, keys: Iterable[Secret]) -> Credential:
    """Return the credential with a signer, where one of the keys verifies its HMAC signature; else unchanged."""
    for key in keys:
        for data in _as_bytes(key.reveal()):
            if verifies(found.token.reveal(), data):
                return holding(found, data)
    return found


def holding(found: Credential, key: bytes) -> Credential:
    """Return the credential with what signs by its HMAC key."""
    digest = DIGESTS[str(found.jwt.header["alg"])] if found.jwt else "sha256"
    return replace(found, sign=hmac_signer(key), seal=lambda signed: hmac.digest(key, signed, digest))


def _as_bytes(key: str) -> Iterator[bytes]:
    """Yield the bytes that a key given as text may stand for: its UTF-8, and byte for byte."""
    yield key.encode("utf-8", "surrogatepass")
    if not key.isascii():
        with contextlib.suppress(UnicodeEncodeError):
            yield key.encode("latin-1")


def verifies(token: str, key: bytes) -> bool:
    """Tell whether a token carries the HMAC that its header names, made with this key, over its very bytes."""
    parsed = parse(token)
    digest = DIGESTS.get(str(parsed.header.get("alg"))) if parsed else None
    if parsed is None or digest is None:
        return False
    signed = token.rpartition(".")[0].encode("ascii")
    return hmac.compare_digest(hmac.digest(key, signed, digest), parsed.signature)


# --------------------------------------------------------------------------- random credentials of the same shape


def random_like(token: str) -> str:
    """Return a credential that looks like this one and was issued by nobody.

    A JWT keeps its header and claims but for times, which are now, and `jti`; its signature is made with a foreign
    key. An opaque token keeps length, prefix, alphabet, punctuation and a right checksum; one without a letter or
    digit to change becomes any random text.
    """
    parsed = parse(token)
    if parsed is not None:
        return _foreign_like(parsed)
    for _ in range(20):
        made = _opaque(token)
        if made != token:
            return made
    return secrets.token_urlsafe(32)


def foreign() -> str:
    """Return a well-formed JWT with the usual claims, in force now and signed with a key that nobody else holds."""
    now = int(time.time())
    claims = {"sub": "1", "iat": now, "nbf": now, "exp": now + _HOUR, "jti": secrets.token_hex(16)}
    return hmac_signer(secrets.token_bytes(64))({"alg": "HS256", "typ": "JWT"}, claims).reveal()


def _foreign_like(original: Jwt) -> str:
    header, claims = original.header, _renewed(original.claims)
    if header.get("alg") in DIGESTS:
        return hmac_signer(secrets.token_bytes(64))(header, claims).reveal()
    # Other algorithms: random bytes of the right length verify under no key that anybody holds.
    return compact(header, claims, lambda _: secrets.token_bytes(len(original.signature)))


def _renewed(claims: Mapping[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    renewed = dict(claims)
    issued, expires = claims.get("iat"), claims.get("exp")
    life = expires - issued if _is_time(issued) and _is_time(expires) else _HOUR
    moved = {"iat": now, "nbf": now, "auth_time": now, "exp": now + max(int(life), _HOUR)}
    renewed.update((name, moment) for name, moment in moved.items() if _is_time(claims.get(name)))
    if isinstance(claims.get("jti"), str) and claims["jti"]:
        renewed["jti"] = _opaque(claims["jti"])
    return renewed


def _is_time(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e11


def _opaque(token: str) -> str:
    prefix = _PREFIX.match(token)
    kept = prefix.end() if prefix else 0
    made = token[:kept] + _shuffled(token[kept:])
    uuid = _UUID.fullmatch(token)
    # A UUID's version and variant are part of its form.
    for fixed in (uuid.start(1), uuid.start(2)) if uuid else ():
        made = made[:fixed] + token[fixed] + made[fixed + 1 :]
    body, _, ending = token.rpartition("_")
    if body and body.isascii() and ending == opaque_checksum(body):
        made_body = made.rpartition("_")[0]
        return f"{made_body}_{opaque_checksum(made_body)}"
    return made


def _shuffled(body: str) -> str:
    """Return random letters and digits of the smallest usual alphabet that holds the body's, its punctuation kept."""
    used = {c for c in body if _is_plain(c)}
    alphabet = next(alphabet for alphabet in _ALPHABETS if used <= set(alphabet))
    return "".join(secrets.choice(alphabet) if _is_plain(c) else c for c in body)


def _is_plain(character: str) -> bool:
    return character.isascii() and character.isalnum()
