"""The everyday part of Flask-JWT-Extended over the guard: an application changes its import line.

    from stopper.guard.compat.flask_jwt_extended import JWTManager, create_access_token, jwt_required

Status codes, error bodies and callbacks are those that applications and clients know. Tokens are the guard's: random,
kept as digests, revocable, over HTTPS only. What was not safe is refused at start or where it is called, with the safe
way named (docs/guard/migrating/flask-jwt-extended.md lists it).
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn, TypeVar, cast

from flask import Response, current_app, g, request
from werkzeug.local import LocalProxy

from stopper.guard.compat.flask_jwt_extended import configuration, presented
from stopper.guard.compat.flask_jwt_extended.exceptions import (
    FreshTokenRequired,
    NoAuthorizationError,
    RevokedTokenError,
    UserClaimsVerificationError,
    UserLookupError,
)
from stopper.guard.compat.flask_jwt_extended.manager import JWTManager, State, current_state
from stopper.guard.settings import ConfigurationError

__all__ = [
    "JWTManager",
    "create_access_token",
    "create_refresh_token",
    "current_user",
    "decode_token",
    "get_csrf_token",
    "get_current_user",
    "get_jti",
    "get_jwt",
    "get_jwt_header",
    "get_jwt_identity",
    "get_jwt_request_location",
    "get_unverified_jwt_headers",
    "jwt_required",
    "set_access_cookies",
    "set_refresh_cookies",
    "unset_access_cookies",
    "unset_jwt_cookies",
    "unset_refresh_cookies",
    "verify_jwt_in_request",
]

View = TypeVar("View", bound=Callable[..., Any])

_OWN_CLAIMS = frozenset(("type", "fresh"))


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who sent the request at hand: header and payload of the token, both empty without one, and the user."""

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    user: object = None


# --------------------------------------------------------------------------- protecting


def jwt_required(
    optional: bool = False,
    fresh: bool = False,
    refresh: bool = False,
    locations: str | Iterable[str] | None = None,
    verify_type: bool = True,
    skip_revocation_check: bool = False,
) -> Callable[[View], View]:
    """Let only callers with a good token in: `@jwt_required()`.

    `optional` lets callers without a token in too, `fresh` asks for a login and not a refresh, `refresh` for a refresh
    token. Raises ConfigurationError for the other three where they would take a protection away.
    """
    _check_demands(locations, verify_type, skip_revocation_check)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def protected(*arguments: Any, **keywords: Any) -> Any:
            verify_jwt_in_request(optional, fresh, refresh)
            return current_app.ensure_sync(view)(*arguments, **keywords)

        return cast(View, protected)

    return decorate


def verify_jwt_in_request(
    optional: bool = False,
    fresh: bool = False,
    refresh: bool = False,
    locations: str | Iterable[str] | None = None,
    verify_type: bool = True,
    skip_revocation_check: bool = False,
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return header and payload of the request's token, None where there is none and need not be.

    Raises a JWTExtendedException otherwise, which the manager answers.
    """
    _check_demands(locations, verify_type, skip_revocation_check)
    if request.method == "OPTIONS":  # browsers send no token in a CORS preflight
        return None
    state = current_state()
    try:
        payload = presented.refresh_payload(state) if refresh else presented.access_payload(state)
    except NoAuthorizationError:
        if not optional:
            raise
        g.stopper_jwt_caller = _Caller({}, {})
        return None
    header = dict(presented.HEADER)
    if fresh and not _is_fresh(payload):
        raise FreshTokenRequired("Fresh token required", header, payload)
    if state.manager.callbacks["token_in_blocklist"](header, payload):
        raise RevokedTokenError("Token has been revoked", header, payload)
    if not state.manager.callbacks["token_verification"](header, payload):
        raise UserClaimsVerificationError("User claims verification failed", header, payload)
    g.stopper_jwt_caller = _Caller(header, payload, _user(state, header, payload))
    return header, payload


def _check_demands(locations: str | Iterable[str] | None, verify_type: bool, skip_revocation_check: bool) -> None:
    if locations is not None and ({locations} if isinstance(locations, str) else set(locations)) != {"headers"}:
        raise ConfigurationError(
            f"locations: tokens are taken from the Authorization header alone; see {configuration.COOKIES}"
        )
    if not verify_type:
        raise ConfigurationError("verify_type=False: a refresh token would do as access token; write two routes")
    if skip_revocation_check:
        raise ConfigurationError("skip_revocation_check: who logged out would still be in; remove the argument")


def _is_fresh(payload: Mapping[str, Any]) -> bool:
    fresh = payload["fresh"]
    return fresh if isinstance(fresh, bool) else bool(fresh >= time.time())


def _user(state: State, header: Mapping[str, Any], payload: Mapping[str, Any]) -> object:
    look_up = state.manager.callbacks.get("user_lookup")
    if look_up is None:
        return None
    user = look_up(header, payload)
    if user is None:
        raise UserLookupError("the application knows no such user", header, payload)
    return user


# --------------------------------------------------------------------------- who is it


def _caller() -> _Caller:
    caller = g.get("stopper_jwt_caller")
    if not isinstance(caller, _Caller):
        raise RuntimeError("no token was looked at: put @jwt_required() on the view, or call verify_jwt_in_request()")
    return caller


def get_jwt() -> dict[str, Any]:
    """Return the payload of the request's token, empty where an optional one is missing."""
    return dict(_caller().payload)


def get_jwt_header() -> dict[str, Any]:
    """Return the header of the request's token, which says what kind it is; empty where an optional one is missing."""
    return dict(_caller().header)


def get_jwt_identity() -> Any:
    """Return whose the request's token is, None where an optional one is missing."""
    return _caller().payload.get(current_state().configuration.identity_claim)


def get_jwt_request_location() -> str | None:
    """Return where the request's token was: in the headers, or None where an optional one is missing."""
    return "headers" if _caller().payload else None


def get_current_user() -> Any:
    """Return the user that the application's lookup found, None where an optional token is missing."""
    caller = _caller()
    if "user_lookup" not in current_state().manager.callbacks:
        raise RuntimeError("no user is looked up: register a @jwt.user_lookup_loader")
    return caller.user


current_user: Any = LocalProxy(get_current_user)
"""The user that the application's lookup found."""


# --------------------------------------------------------------------------- handing out


def create_access_token(
    identity: Any,
    fresh: bool | timedelta = False,
    expires_delta: timedelta | None = None,
    additional_claims: Mapping[str, Any] | None = None,
    additional_headers: None = None,
) -> str:
    """Return a new access token. `fresh` says that the user has just logged in, a timedelta for how long that holds.

    Raises ConfigurationError for a life without end or beyond JWT_ACCESS_TOKEN_EXPIRES, TypeError for an identity that
    is no text, ValueError for claims that have a meaning of their own.
    """
    state = _issuing_state(additional_headers)
    kept = fresh if isinstance(fresh, bool) else time.time() + fresh.total_seconds()
    answer = state.manager.guard.issue(
        _identity(state, identity),
        lifetime=_lifetime(expires_delta, "JWT_ACCESS_TOKEN_EXPIRES", state.configuration.access_expires),
        claims={**_claims(state, identity, additional_claims), "fresh": kept},
    )
    return answer["access_token"]


def create_refresh_token(
    identity: Any,
    expires_delta: timedelta | None = None,
    additional_claims: Mapping[str, Any] | None = None,
    additional_headers: None = None,
) -> str:
    """Return a new refresh token, which views with `@jwt_required(refresh=True)` take until it expires.

    Raises as `create_access_token` does.
    """
    state = _issuing_state(additional_headers)
    return state.manager.guard.issue_refresh(
        _identity(state, identity),
        lifetime=_lifetime(expires_delta, "JWT_REFRESH_TOKEN_EXPIRES", state.configuration.refresh_expires),
        claims={**_claims(state, identity, additional_claims), "fresh": False},
    )


def _issuing_state(additional_headers: object) -> State:
    if additional_headers is not None:
        raise ConfigurationError("additional_headers: a random token has no header; use additional_claims")
    state = current_state()
    if configuration.Configuration.read(current_app.config) != state.configuration:
        raise ConfigurationError("a JWT_* key was changed after JWTManager(app): set them before")
    return state


def _identity(state: State, identity: Any) -> str:
    text = state.manager.callbacks["user_identity"](identity)
    if not isinstance(text, str):
        raise TypeError("an identity is text: use str(user.id), or register a user_identity_loader")
    return text


def _claims(state: State, identity: Any, more: Mapping[str, Any] | None) -> dict[str, Any]:
    claims = {**state.manager.callbacks["additional_claims"](identity), **(more or {})}
    if reserved := _OWN_CLAIMS.intersection(claims):
        raise ValueError(f"{min(reserved)} is not an additional claim: it is an argument of create_access_token")
    return claims


def _lifetime(delta: timedelta | None, key: str, longest: int) -> int | None:
    if delta is None:
        return None
    wanted = configuration.seconds("expires_delta", delta)
    if wanted > longest:
        raise ConfigurationError(f"expires_delta: longer than {key}, which is {longest} seconds; raise that")
    return wanted


# --------------------------------------------------------------------------- reading tokens


def decode_token(encoded_token: str, csrf_value: None = None, allow_expired: bool = False) -> dict[str, Any]:
    """Return the payload of an access or refresh token that is good; raise a JWTExtendedException otherwise."""
    if allow_expired:
        raise ConfigurationError("allow_expired: an expired token is none; ask for the user's login instead")
    if csrf_value is not None:
        raise ConfigurationError(
            f"csrf_value: tokens are not taken from cookies and have none; see {configuration.COOKIES}"
        )
    return presented.decoded(encoded_token, current_state())


def get_jti(encoded_token: str) -> str:
    """Return the id of a good token, by which an application's blocklist or `flask tokens revoke` knows it."""
    identifier: str = decode_token(encoded_token)["jti"]
    return identifier


def get_unverified_jwt_headers(encoded_token: str) -> NoReturn:
    """Refuse: what was not verified says nothing."""
    raise ConfigurationError("get_unverified_jwt_headers: what was not verified says nothing; use decode_token")


# --------------------------------------------------------------------------- cookies


def _no_cookies(*_: object, **__: object) -> NoReturn:
    """Refuse: a browser sends cookies of its own accord, also with requests that another site made it send."""
    raise ConfigurationError(
        f"tokens are not put into cookies: see {configuration.COOKIES} for what browsers do instead"
    )


set_access_cookies = set_refresh_cookies = get_csrf_token = _no_cookies


def unset_access_cookies(response: Response, domain: str | None = None) -> None:
    """Delete the cookies with access tokens that browsers may still have from before."""
    _unset(response, "ACCESS", domain)


def unset_refresh_cookies(response: Response, domain: str | None = None) -> None:
    """Delete the cookies with refresh tokens that browsers may still have from before."""
    _unset(response, "REFRESH", domain)


def unset_jwt_cookies(response: Response, domain: str | None = None) -> None:
    """Delete the cookies with tokens that browsers may still have from before."""
    unset_access_cookies(response, domain)
    unset_refresh_cookies(response, domain)


def _unset(response: Response, kind: str, domain: str | None) -> None:
    config = current_app.config
    for key in (f"JWT_{kind}_COOKIE", f"JWT_{kind}_CSRF_COOKIE"):
        response.delete_cookie(
            config[f"{key}_NAME"],
            path=config[f"{key}_PATH"],
            domain=domain or config["JWT_COOKIE_DOMAIN"],
            secure=True,
        )
