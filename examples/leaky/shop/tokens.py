"""Issues, finds and verifies the shop's access tokens: JSON Web Tokens signed with HMAC-SHA256."""

from __future__ import annotations

import base64
import functools
import json
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, NoReturn, ParamSpec

from flask import g, jsonify, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from werkzeug.exceptions import Unauthorized

Arguments = ParamSpec("Arguments")
View = Callable[Arguments, ResponseReturnValue]

ISSUER = "https://shop.example.com"
AUDIENCE = "shop"
SECONDS = 900

# Deliberately wrong: whoever reads this file can sign a token for anybody.
SIGNING_KEY = "9f2c61e07ab84d53b1c6e8f4a07d2935e6b1844cf3a95d70"  # BT205

KEY = OctKey.import_key(SIGNING_KEY)
CLAIMS = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": AUDIENCE},
    sub={"essential": True},
    exp={"essential": True},
)
# RFC 6750 section 2.1; RFC 9110 section 11.1 makes the scheme's name case-insensitive.
CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)


def issue(subject: str) -> str:
    """Return a signed access token for a user, good for fifteen minutes."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "iat": now,
        "exp": now + SECONDS,
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode({"alg": "HS256"}, claims, KEY)


def verify(token: str) -> dict[str, Any]:
    """Return the claims of a token that this shop signed, for itself, and that has not expired."""
    claims = jwt.decode(token, KEY, algorithms=["HS256"]).claims
    CLAIMS.validate(claims)
    return claims


def presented() -> str:
    """Return the token of the Authorization header, empty where there is none."""
    credentials = CREDENTIALS.fullmatch(request.headers.get("Authorization", ""))
    return credentials[1] if credentials else ""


def refuse(challenge: str = 'Bearer realm="shop"') -> NoReturn:
    """Answer 401 with a challenge (RFC 6750 section 3)."""
    answer = jsonify(error="unauthorized")
    answer.status_code = 401
    answer.headers["WWW-Authenticate"] = challenge
    raise Unauthorized(response=answer)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object's members, none of them named twice."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member is named twice")
    return dict(pairs)


def check_form(token: str) -> None:
    """Raise ValueError unless this is the one spelling of a token that asks its reader to understand nothing more.

    joserfc takes other spellings too (RFC 7515 section 2), and passes over some of `crit` (section 4.1.11).
    """
    parts = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]
    if ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) != token:
        raise ValueError("another spelling")
    header, _ = (json.loads(part.decode(), object_pairs_hook=once) for part in parts[:2])
    if "crit" in header:
        raise ValueError("a critical header")


def authenticate(token: str, decode: Callable[[str], dict[str, Any]] = verify) -> dict[str, Any]:
    """Return the caller's claims, as `decode` reads them from the token, or refuse the request."""
    if not token:
        refuse()
    try:
        check_form(token)
        return decode(token)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        refuse('Bearer realm="shop", error="invalid_token"')


def token_required(
    decode: Callable[[str], dict[str, Any]] = verify, find: Callable[[], str] = presented
) -> Callable[[View[Arguments]], View[Arguments]]:
    """Let a request come to the view if `find` finds a token that `decode` accepts; its claims are in `g.claims`."""

    def decorate(view: View[Arguments]) -> View[Arguments]:
        @functools.wraps(view)
        def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
            g.claims = authenticate(find(), decode)
            return view(*args, **kwargs)

        return guarded

    return decorate
