"""A client of DPoP for tests: it makes proofs with PyJWT, which the guard itself has no part in."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

ORIGIN = "https://localhost"
"""Where Flask's test client believes to be; the tests configure it as `STOPPER_DPOP`."""


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Prover:
    """A client with a key of its own."""

    def __init__(self, key: Any = None, algorithm: str = "ES256") -> None:
        """Take a private key, by default a new one on P-256."""
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.algorithm = algorithm
        public = jwt.get_algorithm_by_name(algorithm).to_jwk(self.key.public_key(), as_dict=True)
        self.jwk: dict[str, Any] = {name: value for name, value in public.items() if name != "key_ops"}
        """The public key as the proofs show it."""

    @property
    def thumbprint(self) -> str:
        """The thumbprint of the key (RFC 7638): of its required members only, in order."""
        required = {name: self.jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in self.jwk}
        return encoded(hashlib.sha256(json.dumps(required, sort_keys=True, separators=(",", ":")).encode()).digest())

    def proof(
        self,
        path: str,
        token: str = "",
        method: str = "GET",
        header: dict[str, Any] | None = None,
        origin: str = ORIGIN,
        **claims: Any,
    ) -> str:
        """Return a proof for a path, with other members than a right one has; None leaves a member out."""
        members: dict[str, Any] = {
            "jti": uuid.uuid4().hex,
            "htm": method,
            "htu": f"{origin}{path}",
            "iat": time.time(),
            "ath": encoded(hashlib.sha256(token.encode()).digest()) if token else None,
            **claims,
        }
        headers = {"typ": "dpop+jwt", "jwk": self.jwk, **(header or {})}
        return jwt.encode(
            {name: value for name, value in members.items() if value is not None},
            self.key,
            headers.pop("alg", self.algorithm),
            {name: value for name, value in headers.items() if value is not None or name == "typ"},
        )

    def headers(self, path: str, token: str, method: str = "GET", **claims: Any) -> dict[str, str]:
        """Return the headers of a request that uses a token."""
        return {"Authorization": f"DPoP {token}", "DPoP": self.proof(path, token, method, **claims)}
