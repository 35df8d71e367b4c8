"""Small APIs with the well-known flaws of JWT laboratories, each with a twin in which that one flaw is mended.

Every laboratory is our own: an operation `/me` behind a decoder, which is the flawed or the right one.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask, abort, request

from stopper.observe.wire import jwt as compact

Decoder = Callable[[str], Mapping[str, Any]]

STRONG = secrets.token_hex(32)
WEAK = "secret123"
SIGNING = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SMALL_EXPONENT = rsa.generate_private_key(public_exponent=3, key_size=2048)
KEYS = Path(tempfile.mkdtemp())
(KEYS / "one").write_text(STRONG)


@dataclass(frozen=True)
class Lab:
    """A laboratory: the control that solves it, how a token is issued, and the two decoders."""

    name: str
    control: str
    issue: Callable[[], str]
    flawed: Decoder
    right: Decoder
    published: Mapping[str, Any] = field(default_factory=dict)


def claims() -> dict[str, Any]:
    """Return the claims of a fresh token."""
    return {"sub": "ada", "exp": int(time.time()) + 600, "jti": secrets.token_hex(8)}


def served(lab: Lab, decode: Decoder) -> Flask:
    """Return the laboratory's API with one of its decoders."""
    app = Flask(lab.name)

    @app.get("/me")
    def me() -> dict[str, str]:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            abort(401)
        try:
            return {"subject": str(decode(token)["sub"])}
        except (jwt.InvalidTokenError, ValueError, KeyError, TypeError, OSError, sqlite3.Error):
            abort(401)

    if lab.published:
        app.get("/.well-known/jwks.json")(lambda: dict(lab.published))
    return app


# --------------------------------------------------------------------------- tokens with a shared secret


def shared(key: str) -> Callable[[], str]:
    """Return an issuer of tokens with a shared secret."""
    return lambda: jwt.encode(claims(), key, "HS256", {"kid": "one"})


def verified(key: str) -> Decoder:
    """Return a decoder that does it right."""
    return lambda token: jwt.decode(token, key, algorithms=["HS256"])


def unverified(token: str) -> Mapping[str, Any]:
    """Read the claims and leave the signature alone."""
    read: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return read


def none_allowed(token: str) -> Mapping[str, Any]:
    """Let the header say that nothing was signed."""
    if str(jwt.get_unverified_header(token)["alg"]).lower() == "none":
        return unverified(token)
    return verified(STRONG)(token)


def key_of_path(token: str) -> Mapping[str, Any]:
    """Read the key from the file that the header names; the library's own look at short keys is left out."""
    parsed = compact.parse(token)
    if parsed is None or not compact.verifies(token, (KEYS / str(parsed.header["kid"])).read_bytes()):
        raise ValueError("wrong signature")
    return parsed.claims


# --------------------------------------------------------------------------- tokens with a public key


def private(key: rsa.RSAPrivateKey) -> Callable[[], str]:
    """Return an issuer of tokens with a private key."""
    return lambda: jwt.encode(claims(), key, "RS256", {"kid": "one"})


def with_public(key: rsa.RSAPrivateKey) -> Decoder:
    """Return a decoder that does it right."""
    return lambda token: jwt.decode(token, key.public_key(), algorithms=["RS256"])


def key_set(key: rsa.RSAPrivateKey) -> Mapping[str, Any]:
    """Return the key set that publishes a key."""
    return {"keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": "one"}]}


def either(key: rsa.RSAPrivateKey) -> Decoder:
    """Return a decoder that takes the public key's text for a secret where the header says HS256."""
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def decode(token: str) -> Mapping[str, Any]:
        parsed = compact.parse(token)
        if parsed is not None and parsed.header["alg"] == "HS256" and compact.verifies(token, pem):
            return parsed.claims
        return with_public(key)(token)

    return decode


def embedded(token: str) -> Mapping[str, Any]:
    """Verify with the key in the header."""
    header = jwt.get_unverified_header(token)
    key = jwt.PyJWK(header["jwk"], "RS256") if "jwk" in header else SIGNING.public_key()
    read: Mapping[str, Any] = jwt.decode(token, key, algorithms=["RS256"])
    return read


def remote(token: str) -> Mapping[str, Any]:
    """Verify with the key at the address in the header."""
    header = jwt.get_unverified_header(token)
    if "jku" not in header:
        return with_public(SIGNING)(token)
    with urllib.request.urlopen(header["jku"], timeout=5) as answer:
        key = jwt.PyJWK(json.load(answer)["keys"][0], "RS256")
    read: Mapping[str, Any] = jwt.decode(token, key, algorithms=["RS256"])
    return read


LABS = (
    Lab("unverified signature", "BT402", shared(STRONG), unverified, verified(STRONG)),
    Lab("none", "BT404", shared(STRONG), none_allowed, verified(STRONG)),
    Lab("weak key", "BT208", shared(WEAK), verified(WEAK), verified(STRONG)),
    Lab("embedded key", "BT407", private(SIGNING), embedded, with_public(SIGNING)),
    Lab("key at an address", "BT408", private(SIGNING), remote, with_public(SIGNING)),
    Lab("path in kid", "BT409", shared(STRONG), key_of_path, verified(STRONG)),
    Lab("confusion", "BT406", private(SIGNING), either(SIGNING), with_public(SIGNING), key_set(SIGNING)),
    Lab("recovered key", "BT406", private(SMALL_EXPONENT), either(SMALL_EXPONENT), with_public(SMALL_EXPONENT)),
)


# --------------------------------------------------------------------------- faults that do not work


def none_in_the_list(token: str) -> Mapping[str, Any]:
    """Allow `none` beside HS256: PyJWT raises for a token without signature where a key is given."""
    read: Mapping[str, Any] = jwt.decode(token, STRONG, algorithms=["HS256", "none"])
    return read


def secret_or_public(token: str) -> Mapping[str, Any]:
    """Allow HS256 for a public key: PyJWT knows a PEM when it sees one, and raises."""
    pem = SIGNING.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    read: Mapping[str, Any] = jwt.decode(token, pem, algorithms=["RS256", "HS256"])
    return read


def key_of_path_by_library(token: str) -> Mapping[str, Any]:
    """Read the key from the file that the header names: PyJWT takes no empty one."""
    key = (KEYS / str(jwt.get_unverified_header(token)["kid"])).read_text()
    read: Mapping[str, Any] = jwt.decode(token, key, algorithms=["HS256"])
    return read


WITHOUT_EFFECT = (
    Lab("none in the list", "BT404", shared(STRONG), none_in_the_list, verified(STRONG)),
    Lab("secret or public", "BT406", private(SIGNING), secret_or_public, with_public(SIGNING), key_set(SIGNING)),
    Lab("path in kid", "BT409", shared(STRONG), key_of_path_by_library, verified(STRONG)),
)
"""Flaws that were put into the code and that the library's release makes harmless."""
