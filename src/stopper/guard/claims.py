"""What the claims of a signed access token must say: RFC 9068 for our own, a profile for each remote issuer.

A profile states how ID tokens and refresh tokens of its issuer are kept out: they are signed by the same keys, so that
only type, audience or a claim of the issuer's own tells them apart (RFC 8725 §3.11, §3.12).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stopper.guard.token import LONGEST_NAME, Token, kept_name

LONGEST_ID = 4096
"""Characters of a `jti`, which RFC 7519 §4.1.7 does not limit."""


class ClaimError(Exception):
    """Claims that do not hold; the text names the claim and nothing of its value."""


def _space_separated(claims: Mapping[str, Any], name: str = "scope") -> frozenset[str]:
    value = claims.get(name, "")
    return _scopes(value) if isinstance(value, str) else frozenset()


@functools.lru_cache(maxsize=256)
def _scopes(text: str) -> frozenset[str]:
    """Return what a text lists. Most tokens of an API list the same, so that those that are kept can share one set."""
    return frozenset(text.split())


def _nothing_more(claims: Mapping[str, Any]) -> None:
    return None


def _audience(claims: Mapping[str, Any]) -> Any:
    return claims.get("aud")


@dataclass(frozen=True, slots=True)
class Profile:
    """How one kind of issuer writes access tokens.

    `types` are the accepted values of the header's `typ`, lower case and without `application/` (RFC 8725 §3.11).
    `demand` raises ClaimError for a token of another kind. `required` claims must be there.
    """

    name: str
    types: frozenset[str]
    required: frozenset[str]
    keeps_out: str
    demand: Callable[[Mapping[str, Any]], None] = _nothing_more
    scopes: Callable[[Mapping[str, Any]], frozenset[str]] = _space_separated
    audience: Callable[[Mapping[str, Any]], Any] = _audience
    client: str = "client_id"


def _keycloak(claims: Mapping[str, Any]) -> None:
    if claims.get("typ") != "Bearer":
        raise ClaimError("typ claim")


def _entra(claims: Mapping[str, Any]) -> None:
    if not isinstance(claims.get("scp"), str) and not isinstance(claims.get("roles"), list):
        raise ClaimError("scp and roles missing")


def _entra_scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    roles = claims.get("roles", [])
    named = frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else frozenset()
    return _space_separated(claims, "scp") | named


def _cognito(claims: Mapping[str, Any]) -> None:
    if claims.get("token_use") != "access":
        raise ClaimError("token_use claim")


def _auth0(claims: Mapping[str, Any]) -> None:
    if "nonce" in claims or "at_hash" in claims or "c_hash" in claims:
        raise ClaimError("claims of an ID token")


PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            "rfc9068",
            frozenset(("at+jwt",)),
            frozenset(("sub", "iat", "jti", "client_id")),
            "ID and refresh tokens have another typ than at+jwt (RFC 9068 §2.1, §4).",
        ),
        Profile(
            "auth0",
            frozenset(("jwt", "at+jwt")),
            frozenset(("sub", "iat")),
            "ID tokens have the client's id as audience and claims of their own; refresh tokens are opaque.",
            _auth0,
            client="azp",
        ),
        Profile(
            "keycloak",
            frozenset(("jwt", "at+jwt")),
            frozenset(("sub", "iat", "jti")),
            "The claim typ says Bearer for access tokens, ID for ID tokens, Refresh or Offline for refresh tokens.",
            _keycloak,
            client="azp",
        ),
        Profile(
            "entra",
            frozenset(("jwt", "at+jwt")),
            frozenset(("sub", "iat", "ver")),
            "ID tokens have neither scp nor roles, and the client's id as audience; refresh tokens are opaque.",
            _entra,
            _entra_scopes,
            client="azp",
        ),
        Profile(
            "cognito",
            frozenset(("jwt", "at+jwt", "")),
            frozenset(("sub", "iat", "jti", "token_use")),
            "The claim token_use says access, and id for ID tokens; refresh tokens are encrypted. The audience is "
            "client_id, as access tokens have no aud.",
            _cognito,
            audience=lambda claims: claims.get("client_id"),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of the tokens of one issuer. Times are in seconds."""

    issuer: str
    audiences: frozenset[str]
    profile: Profile = field(default_factory=lambda: PROFILES["rfc9068"])
    longest_lifetime: int = 3600
    leeway: int = 30


_STANDARD = frozenset(("iss", "sub", "exp", "nbf", "iat", "jti", "client_id", "scope", "family", "auth_time"))


def check(header: Mapping[str, Any], claims: Mapping[str, Any], expected: Expectation, now: float) -> Token:
    """Return the token that verified claims make; raise ClaimError where one of them does not hold."""
    profile = expected.profile
    kind = header.get("typ", "")
    if kind not in profile.types and _type(kind) not in profile.types:
        raise ClaimError("token type")
    if claims.get("iss") != expected.issuer:  # exact comparison (RFC 8725 §3.8)
        raise ClaimError("issuer")
    if "cnf" in claims:
        _check_confirmation(claims["cnf"])
    if not claims.keys() >= profile.required:
        raise ClaimError(f"{min(profile.required - claims.keys())} missing")
    audience = profile.audience(claims)
    _check_audience(audience, expected.audiences)
    profile.demand(claims)
    issued_at, expires_at = _check_times(claims, expected, now)
    extra = {name: claims[name] for name in claims.keys() - _STANDARD}
    extra["aud"] = audience
    return Token(
        id=kept_name(_text(claims, "jti", longest=LONGEST_ID)) if "jti" in claims else "",
        subject=_text(claims, "sub"),
        scopes=profile.scopes(claims),
        issued_at=issued_at,
        expires_at=expires_at,
        claims=extra,
        issuer=expected.issuer,
        client=_client(claims, profile.client),
        family=_text(claims, "family") if "family" in claims else "",
        authenticated_at=_number(claims, "auth_time") if "auth_time" in claims else issued_at,
    )


_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def _check_confirmation(value: Any) -> None:
    """Demand that a token is bound to nothing but keys that a sender can show here (RFC 9449 §6.1, RFC 8705 §3.1).

    Whether this one shows them is seen at each request.
    """
    if not isinstance(value, dict) or not value or not value.keys() <= {"jkt", "x5t#S256"}:
        raise ClaimError("confirmation")
    if not all(isinstance(thumbprint, str) and _THUMBPRINT.fullmatch(thumbprint) for thumbprint in value.values()):
        raise ClaimError("confirmation")


def _client(claims: Mapping[str, Any], name: str) -> str:
    """Return the client that a token was issued to; an issuer that names itself has issued it to none."""
    client = _text(claims, name) if name in claims else ""
    return "" if client == claims["iss"] else client


_NUMBERS = frozenset((int, float))  # and not bool, which is an int


def _type(value: str) -> str:
    return value.lower().removeprefix("application/")


def _check_audience(value: Any, wanted: frozenset[str]) -> None:
    """Demand that one of the token's audiences is one of ours (RFC 9068 §4)."""
    if isinstance(value, str) and value in wanted:
        return
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in listed) or wanted.isdisjoint(listed):
        raise ClaimError("audience")


def _check_times(claims: Mapping[str, Any], expected: Expectation, now: float) -> tuple[float, float]:
    expires_at = _number(claims, "exp")  # RFC 9068 §2.2: demanded, and a number (RFC 7519 §2)
    issued_at = _number(claims, "iat")
    if expires_at <= now - expected.leeway:
        raise ClaimError("expired")
    if issued_at > now + expected.leeway:
        raise ClaimError("issued in the future")
    if "nbf" in claims and _number(claims, "nbf") > now + expected.leeway:
        raise ClaimError("not valid yet")
    if expires_at - issued_at > expected.longest_lifetime + 1 or expires_at <= issued_at:
        raise ClaimError("lifetime")
    return issued_at, expires_at + expected.leeway


def _number(claims: Mapping[str, Any], name: str) -> float:
    value: Any = claims.get(name)
    if type(value) not in _NUMBERS:
        raise ClaimError(f"{name} is no number")
    number: float = value
    if not 0 <= number < 2**40:  # nor is NaN, whatever it is compared with
        raise ClaimError(f"{name} is no date")
    return number


def _text(claims: Mapping[str, Any], name: str, longest: int = LONGEST_NAME) -> str:
    value = claims[name]
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise ClaimError(f"{name} is no name")
    return value
