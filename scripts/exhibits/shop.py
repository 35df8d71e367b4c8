"""The shop that every exhibit is: a login, and operations behind a decoder that is the exhibit.

It does everything else right, so that the decoder alone decides what is found: HTTPS, challenges, one parser for the
header, no caches.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask, Response, abort, request

ISSUER = "https://login.shop.test"
AUDIENCE = "https://shop.test"
HEADER = {"typ": "at+jwt"}

Claims = Mapping[str, Any]

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


def claims(subject: str) -> dict[str, Any]:
    """Return the claims of a fresh token, good for ten minutes."""
    now = int(time.time())
    life = {"iat": now, "nbf": now, "exp": now + 600}
    return {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "jti": secrets.token_hex(16), **life}


def pem(public: Any) -> bytes:
    """Return a public key as PEM."""
    written: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return written


def coordinate(number: int, size: int) -> str:
    """Return a number as a member of a JWK (RFC 7518, 6.2.1.2)."""
    return base64.urlsafe_b64encode(number.to_bytes(size, "big")).rstrip(b"=").decode()


def ec_jwk(public: Any) -> dict[str, str]:
    """Return the JWK of a public key on the curve P-256."""
    numbers = public.public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": coordinate(numbers.x, 32), "y": coordinate(numbers.y, 32)}


def rsa_jwk(public: Any) -> dict[str, str]:
    """Return the JWK of a public RSA key of 2048 bits."""
    numbers = public.public_numbers()
    return {"kty": "RSA", "n": coordinate(numbers.n, 256), "e": "AQAB"}


def strictly(decode: Callable[[str], Claims]) -> Callable[[str], Claims]:
    """Return the decoder behind a look at the spelling, which is no part of the exhibit.

    Libraries take a token in more than one spelling; here each part is canonical base64url, JSON in UTF-8 without a
    member twice, an access token, in force and for this shop.
    """

    def decoded(token: str) -> Claims:
        header, payload = parts(token)
        found = decode(token)
        now = time.time()
        if header.get("typ") != "at+jwt" or not payload["nbf"] - 5 <= now < payload["exp"]:
            raise ValueError("not an access token in force")
        if header.get("crit") == []:  # RFC 7515, 4.1.11; the newest Authlib takes it
            raise ValueError("nothing is critical")
        if payload["aud"] != AUDIENCE:
            raise ValueError("for somebody else")
        return found

    return decoded


def parts(token: str) -> tuple[Claims, Claims]:
    """Return header and claims of a token in its one right spelling. Raises ValueError."""
    if not _COMPACT.fullmatch(token):
        raise ValueError("not compact")
    raw = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]
    if ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in raw) != token:
        raise ValueError("not canonical")
    header, payload = (json.loads(part.decode(), object_pairs_hook=_once) for part in raw[:2])
    return header, payload


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in members}) != len(members):
        raise ValueError("a member twice")
    return dict(members)


def served(
    issue: Callable[[Claims], str], decode: Callable[[str], Claims], keys: Sequence[Mapping[str, str]] = ()
) -> Flask:
    """Return the shop: tokens come from `issue`, callers are those whose token `decode` takes; `keys` are published."""
    app = Flask("exhibit")

    def caller() -> str:
        given = request.headers.getlist("Authorization")
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != "bearer":
            abort(401)
        try:
            return str(decode(token)["sub"])
        except Exception:  # whatever a library raises, the caller is refused
            abort(401)

    @app.before_request
    def refuse_plain_http() -> None:
        if not request.is_secure:
            abort(403)

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        return response

    @app.errorhandler(401)
    def challenge(error: object) -> tuple[dict[str, str], int, dict[str, str]]:
        wrong = ', error="invalid_token"' if "Authorization" in request.headers else ""
        return {"error": "invalid_token"}, 401, {"WWW-Authenticate": f'Bearer realm="shop"{wrong}'}

    @app.post("/login")
    def login() -> dict[str, Any]:
        given = request.get_json()
        if not secrets.compare_digest(str(given.get("password")), os.environ["EXHIBIT_PASSWORD"]):
            abort(401)
        return {"access_token": issue(claims(str(given["username"]))), "token_type": "Bearer", "expires_in": 600}

    @app.get("/me")
    def me() -> dict[str, str]:
        return {"subject": caller()}

    @app.get("/orders")
    def orders() -> dict[str, Any]:
        return {"orders": [{"customer": caller(), "total": 12}]}

    @app.get("/.well-known/jwks.json")
    def published() -> dict[str, Any]:
        return {"keys": list(keys)}

    return app
