"""DPoP proofs (RFC 9449): a client shows with each request that it holds the key which its token is bound to.

A proof is a small signed token with the client's public key in its header, made for one method and URL and for one use.
Where this API is reached is configured and not taken from the Host header: whoever was sent a proof for a site of his
own could name that site here, and the proof would fit.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from joserfc.jwk import RSAKey

from stopper.guard import jose
from stopper.guard.jose import JoseError
from stopper.guard.keys import Key, RefusedKeyError, from_jwk
from stopper.guard.nonces import Nonces
from stopper.guard.respond import InvalidProof, NonceNeeded
from stopper.guard.settings import Settings, origin
from stopper.guard.store import Store
from stopper.guard.transport import Channel

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "PS384", "PS512", "RS256")
"""What a proof may be signed with (RFC 9449 §4.3 allows asymmetric algorithms only)."""

LONGEST_PROOF = 4_096
"""Characters of a proof that are read at all; one of an RSA key of 4096 bits has about 2,300."""
LONGEST_ID = 255
LARGEST_RSA = 4096
LARGEST_EXPONENT = 2**32
"""Clients choose these keys, and to verify with a larger one would cost us more than it costs them."""

_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"))


class ProofError(Exception):
    """A proof that is not taken; the text says why and holds nothing of it."""


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """A proof whose signature is good. `thumbprint` is that of its key (RFC 7638), `issued_at` in seconds since 1970.

    `token_hash` and `nonce` are empty where the proof does not have them.
    """

    thumbprint: str
    id: str
    method: str
    url: str
    issued_at: float
    token_hash: str
    nonce: str

    def is_for(self, credential: str) -> bool:
        """Tell whether the proof was made for an access token (`ath`, RFC 9449 §4.2)."""
        wanted = _encoded(hashlib.sha256(credential.encode()).digest())
        return hmac.compare_digest(self.token_hash.encode(), wanted.encode())


def read(text: str) -> Proof:
    """Return the proof of a DPoP header; raise ProofError for whatever is not exactly one (RFC 9449 §4.3).

    Servers join repeated headers with a comma, which a compact JWS does not have: two proofs are none.
    """
    if len(text) > LONGEST_PROOF:
        raise ProofError("proof too long")
    if "," in text:
        raise ProofError("more than one proof")
    try:
        parsed = jose.parse(text)
        if parsed.header.get("typ") != "dpop+jwt":
            raise ProofError("typ is not dpop+jwt")
        key, thumbprint = _key(parsed.header)
        claims = jose.json_object(jose.verified(parsed, key))
    except (JoseError, RefusedKeyError) as error:
        raise ProofError(str(error)) from None
    return Proof(
        thumbprint,
        _text(claims, "jti", longest=LONGEST_ID),
        _text(claims, "htm"),
        _text(claims, "htu"),
        _moment(claims),
        _text(claims, "ath") if "ath" in claims else "",
        _text(claims, "nonce") if "nonce" in claims else "",
    )


def _key(header: Mapping[str, Any]) -> tuple[Key, str]:
    """Return the key in a proof's header, and its thumbprint."""
    algorithm, jwk = header.get("alg"), header.get("jwk")
    if algorithm not in ALGORITHMS:
        raise ProofError("an algorithm that is not allowed")
    if not isinstance(jwk, dict):
        raise ProofError("no jwk")
    if not _PRIVATE.isdisjoint(jwk):
        raise ProofError("a private key in the proof")
    return _imported(algorithm, json.dumps(jwk))


@functools.lru_cache(maxsize=256)
def _imported(algorithm: str, jwk: str) -> tuple[Key, str]:
    """Return the key of a JWK and its thumbprint. A client uses one for many proofs, so the last ones are kept."""
    key = from_jwk(json.loads(jwk), algorithm)
    if isinstance(key.material, RSAKey):
        numbers = key.material.public_key.public_numbers()
        if numbers.n.bit_length() > LARGEST_RSA or numbers.e > LARGEST_EXPONENT:
            raise ProofError("an RSA key that is too large")
    return key, key.material.thumbprint()


def _text(claims: Mapping[str, Any], name: str, longest: int = LONGEST_PROOF) -> str:
    value = claims.get(name)
    # half a surrogate pair, which no digest can be made of, is not printable either
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise ProofError(f"{name} is missing or malformed")
    return value


def _moment(claims: Mapping[str, Any]) -> float:
    value = claims.get("iat")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 2**40:
        raise ProofError("iat is missing or malformed")
    return float(value)


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Proofs:
    """What an application demands of proofs, and which were used: each once, on whichever process or host it comes."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """Take the settings, and the store that all processes share."""
        self._origins = settings.dpop
        self._window = settings.dpop_window
        self._leeway = settings.leeway
        self._store = store
        self._forget_at = 0.0
        self._lock = threading.Lock()
        self.nonces = Nonces(functools.partial(store.secret, "dpop nonce"), settings.dpop_nonce)

    def read(self, environ: WSGIEnvironment, channel: Channel) -> Proof:
        """Return the proof of a request, which is not noted as used; raise InvalidProof, or NonceNeeded."""
        text = environ.get("HTTP_DPOP")
        if text is None:
            raise InvalidProof("no proof")
        now = time.time()
        try:
            proof = read(text)
            if proof.method != environ["REQUEST_METHOD"]:
                raise ProofError("htm is not the method of the request")
            self._check_target(proof.url, environ, channel)
            if not now - self._window <= proof.issued_at <= now + self._leeway:
                raise ProofError("iat is not about now")
        except ProofError as error:
            raise InvalidProof(f"proof: {error}") from None
        if not self.nonces.admits(proof.nonce, now):
            raise NonceNeeded(self.nonces.current(now))
        return proof

    def _check_target(self, url: str, environ: WSGIEnvironment, channel: Channel) -> None:
        """Demand that `htu` is the request's URL without query and fragment (RFC 9449 §4.2), each normalised."""
        if not url.isascii() or any(character in url for character in " ?#\\"):
            raise ProofError("htu is no URL without query and fragment")
        if origin(url) != self._origin(environ, channel):
            raise ProofError("htu is of another origin")
        path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}" or "/"
        if unquote_to_bytes(urlsplit(url).path or "/") != path.encode("latin-1"):  # as WSGI hands it over (PEP 3333)
            raise ProofError("htu has another path")

    def _origin(self, environ: WSGIEnvironment, channel: Channel) -> str | None:
        """Return where the request was sent: of several origins that are ours, the Host header chooses one."""
        if len(self._origins) == 1:
            return self._origins[0]
        scheme = "https" if channel is Channel.TLS else "http"
        named = origin(f"{scheme}://{environ.get('HTTP_HOST', '')}")
        if named not in self._origins:
            raise ProofError("the host is none of STOPPER_DPOP")
        return named

    def use(self, proof: Proof) -> None:
        """Note that a proof was used; raise InvalidProof where it was before, and StoreError where nobody knows.

        It is known until no host, however its clock differs, would take the proof any more.
        """
        digest = hashlib.sha256(f"{proof.thumbprint} {proof.id}".encode()).digest()
        self._forget_old(time.time())
        if not self._store.first_use(digest, proof.issued_at + self._window + 2 * self._leeway):
            raise InvalidProof("proof: used before")

    def _forget_old(self, now: float) -> None:
        """Let the store forget what is too old, once a window and process, so that it holds two windows at most."""
        with self._lock:
            due = now >= self._forget_at
            if due:
                self._forget_at = now + self._window
        if due:
            self._store.forget_uses(now)
