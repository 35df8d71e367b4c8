"""The `JWT_*` keys: what they mean for the guard, and which values are refused at start, with the safe way named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from stopper.guard.settings import LARGEST_LEEWAY, ConfigurationError

LONGEST_ACCESS = timedelta(days=1)
"""The longest life of an access token that is taken over; RFC 6750 §5.3 asks for an hour or less."""

LONGEST_REFRESH = timedelta(days=366)
"""The longest life of a refresh token that is taken over."""

COOKIES = "docs/guard/cookies.md"
"""The page that says why no token is taken from a cookie, and what browsers do instead."""

_SHORTEST_SECRET = 32

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=15),
        "JWT_REFRESH_TOKEN_EXPIRES": timedelta(days=30),
        "JWT_IDENTITY_CLAIM": "sub",
        "JWT_ERROR_MESSAGE_KEY": "msg",
        "JWT_TOKEN_LOCATION": ("headers",),
        "JWT_HEADER_NAME": "Authorization",
        "JWT_HEADER_TYPE": "Bearer",
        "JWT_ACCESS_COOKIE_NAME": "access_token_cookie",
        "JWT_ACCESS_COOKIE_PATH": "/",
        "JWT_ACCESS_CSRF_COOKIE_NAME": "csrf_access_token",
        "JWT_ACCESS_CSRF_COOKIE_PATH": "/",
        "JWT_REFRESH_COOKIE_NAME": "refresh_token_cookie",
        "JWT_REFRESH_COOKIE_PATH": "/",
        "JWT_REFRESH_CSRF_COOKIE_NAME": "csrf_refresh_token",
        "JWT_REFRESH_CSRF_COOKIE_PATH": "/",
        "JWT_COOKIE_DOMAIN": None,
    }
)
"""What the keys that mean something here are where the application sets none; it may read them in its configuration."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the stand-in takes from the `JWT_*` keys. Lifetimes are in seconds.

    Old tokens are accepted until `old_until`, where it is given.
    """

    access_expires: int
    refresh_expires: int
    identity_claim: str
    old_until: date | None

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Configuration:
        """Read an application's configuration over the defaults; raise ConfigurationError for what is not safe."""
        config = {**DEFAULTS, **config}
        for key, refused, instead in REFUSED:
            if key in config and refused(config[key]):
                raise ConfigurationError(f"{key}: {instead}")
        until = config.get("JWT_ACCEPT_OLD_UNTIL")
        if until is not None and not isinstance(until, date):
            raise ConfigurationError("JWT_ACCEPT_OLD_UNTIL: the date at which old tokens end, a datetime.date")
        return cls(
            access_expires=_seconds(config, "JWT_ACCESS_TOKEN_EXPIRES", LONGEST_ACCESS),
            refresh_expires=_seconds(config, "JWT_REFRESH_TOKEN_EXPIRES", LONGEST_REFRESH),
            identity_claim=config["JWT_IDENTITY_CLAIM"],
            old_until=until,
        )


def seconds(key: str, lifetime: object) -> int:
    """Return a lifetime in whole seconds; raise ConfigurationError for none, and for one that never ends."""
    if isinstance(lifetime, timedelta):
        lifetime = int(lifetime.total_seconds())
    if isinstance(lifetime, bool) or not isinstance(lifetime, int) or lifetime < 1:
        raise ConfigurationError(f"{key}: a token has to end; give a timedelta of a second or more")
    return lifetime


def _seconds(config: Mapping[str, Any], key: str, longest: timedelta) -> int:
    found = seconds(key, config[key])
    if found > longest.total_seconds():
        raise ConfigurationError(f"{key}: {longest.days} days at most; let clients refresh, or log in again")
    return found


# --------------------------------------------------------------------------- what is refused


def _other_than(*safe: object) -> Callable[[Any], bool]:
    return lambda value: value not in safe


def _is_set(value: Any) -> bool:
    return bool(value)


def _leaves_the_header(value: Any) -> bool:
    return ({value} if isinstance(value, str) else set(value)) != {"headers"}


def _too_short(value: Any) -> bool:
    return bool(value) and len(value.encode() if isinstance(value, str) else value) < _SHORTEST_SECRET


def _names_none(value: Any) -> bool:
    named = (value,) if isinstance(value, str) else tuple(value or ())
    return any(str(name).lower() == "none" for name in named)


REFUSED: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    (
        "JWT_TOKEN_LOCATION",
        _leaves_the_header,
        "tokens are taken from the Authorization header alone: a URL is kept in logs and histories, a browser sends "
        f"cookies of its own accord; see {COOKIES}",
    ),
    ("JWT_HEADER_NAME", _other_than("Authorization"), "the header is Authorization (RFC 6750 §2.1)"),
    ("JWT_HEADER_TYPE", _other_than("Bearer"), "the scheme is Bearer (RFC 6750 §2.1)"),
    ("JWT_ALGORITHM", _names_none, "without a signature anybody makes tokens; remove the key, tokens are random here"),
    ("JWT_DECODE_ALGORITHMS", _names_none, "without a signature anybody makes tokens; remove the key"),
    (
        "JWT_SECRET_KEY",
        _too_short,
        f"shorter than {_SHORTEST_SECRET} bytes (RFC 7518 §3.2), so that old tokens may be anybody's; remove the key, "
        "which signs nothing any more, and let users log in again",
    ),
    (
        "JWT_DECODE_LEEWAY",
        lambda value: (value.total_seconds() if isinstance(value, timedelta) else value) > LARGEST_LEEWAY,
        f"an expired token lives on; {LARGEST_LEEWAY} seconds at most, and none are needed where one clock decides",
    ),
    ("JWT_VERIFY_SUB", _other_than(True), "an identity is text; use str(user.id) or a user_identity_loader"),
    (
        "JWT_COOKIE_CSRF_PROTECT",
        _other_than(True),
        f"cookies without protection against forged requests; tokens are not taken from cookies: see {COOKIES}",
    ),
    (
        "JWT_COOKIE_SECURE",
        _other_than(True),
        f"cookies in clear; tokens are not taken from cookies: see {COOKIES}",
    ),
    ("JWT_PRIVATE_KEY", _is_set, "tokens are random here; for signed ones use the guard itself with STOPPER_ISSUER"),
    ("JWT_PUBLIC_KEY", _is_set, "tokens of another issuer are taken by the guard itself, by STOPPER_TRUSTED_ISSUERS"),
    ("JWT_ENCODE_ISSUER", _is_set, "random tokens have no issuer; use the guard itself with STOPPER_ISSUER"),
    (
        "JWT_DECODE_ISSUER",
        _is_set,
        "tokens of another issuer are taken by the guard itself, by STOPPER_TRUSTED_ISSUERS",
    ),
    ("JWT_ENCODE_AUDIENCE", _is_set, "set STOPPER_AUDIENCES"),
    ("JWT_DECODE_AUDIENCE", _is_set, "set STOPPER_AUDIENCES"),
    (
        "STOPPER_TOKEN_FORMAT",
        _other_than("opaque"),
        "the stand-in hands out random tokens; for signed ones use the guard itself",
    ),
)
"""Keys with a test for the values that are refused, and the safe way."""
