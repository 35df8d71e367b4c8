"""The extension object: what an application registers, and the answers to requests that are not let through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from flask import Flask, Response, current_app, jsonify

from stopper.guard import Guard
from stopper.guard.compat import old
from stopper.guard.compat.flask_jwt_extended import exceptions as errors
from stopper.guard.compat.flask_jwt_extended.configuration import DEFAULTS, Configuration
from stopper.guard.gate import EXTENSION, current_gate
from stopper.guard.settings import ConfigurationError

NAME = "flask-jwt-extended"
"""Where an application keeps its manager among its extensions."""

_STATE = "stopper.flask_jwt_extended"

Callback = TypeVar("Callback", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class State:
    """What belongs to one application: its manager and configuration, and who verifies its old refresh tokens."""

    manager: JWTManager
    configuration: Configuration
    old_refresh: old.Verify


def current_state() -> State:
    """Return the state of the application at hand; raise RuntimeError where it has no manager."""
    state = current_app.extensions.get(_STATE)
    if not isinstance(state, State):
        raise RuntimeError("no JWTManager stands before this application: call JWTManager(app)")
    return state


class JWTManager:
    """Flask-JWT-Extended's manager, with the guard behind it; `guard` is the guard, to go on with.

    The `JWT_*` keys are set before. Routes that declare nothing stay open, as they were.
    """

    def __init__(self, app: Flask | None = None, add_context_processor: bool = False) -> None:
        """Take care of an application now, or later with `init_app`."""
        self.guard = Guard(default="open")
        self.callbacks: dict[str, Callable[..., Any]] = dict(_DEFAULTS)
        if app is not None:
            self.init_app(app, add_context_processor)

    def init_app(self, app: Flask, add_context_processor: bool = False) -> None:
        """Take care of an application; raise ConfigurationError for `JWT_*` keys that are not safe."""
        configuration = Configuration.read(app.config)
        for key, value in DEFAULTS.items():
            app.config.setdefault(key, value)
        app.config.setdefault("STOPPER_ACCESS_LIFETIME", configuration.access_expires)
        app.config.setdefault("STOPPER_REFRESH_LIFETIME", configuration.refresh_expires)
        app.config.setdefault("STOPPER_REFRESH_IDLE", configuration.refresh_expires)
        if EXTENSION not in app.extensions:
            self.guard.init_app(app)
        app.extensions[NAME] = self
        app.extensions[_STATE] = State(self, configuration, _accept_old(app, configuration))
        for error, answer in _ANSWERS:
            app.register_error_handler(error, _answering(self, answer))
        if add_context_processor:
            from stopper.guard.compat.flask_jwt_extended import get_current_user

            app.context_processor(lambda: {"current_user": get_current_user()})

    # ----------------------------------------------------------------------- what an application registers

    def additional_claims_loader(self, callback: Callback) -> Callback:
        """Register what returns more claims for an identity."""
        return self._register("additional_claims", callback)

    def user_identity_loader(self, callback: Callback) -> Callback:
        """Register what turns an identity into its text."""
        return self._register("user_identity", callback)

    def user_lookup_loader(self, callback: Callback) -> Callback:
        """Register what returns the user for header and payload of a token, None where there is none."""
        return self._register("user_lookup", callback)

    def user_lookup_error_loader(self, callback: Callback) -> Callback:
        """Register what answers where there is no such user."""
        return self._register("user_lookup_error", callback)

    def token_in_blocklist_loader(self, callback: Callback) -> Callback:
        """Register what tells whether the application has revoked a token, by header and payload."""
        return self._register("token_in_blocklist", callback)

    def token_verification_loader(self, callback: Callback) -> Callback:
        """Register what tells whether a token pleases the application, by header and payload."""
        return self._register("token_verification", callback)

    def token_verification_failed_loader(self, callback: Callback) -> Callback:
        """Register what answers where it does not."""
        return self._register("token_verification_failed", callback)

    def expired_token_loader(self, callback: Callback) -> Callback:
        """Register what answers to an expired token; its payload is empty where it was purged."""
        return self._register("expired_token", callback)

    def invalid_token_loader(self, callback: Callback) -> Callback:
        """Register what answers to what is no token of this application."""
        return self._register("invalid_token", callback)

    def unauthorized_loader(self, callback: Callback) -> Callback:
        """Register what answers where there is no token."""
        return self._register("unauthorized", callback)

    def needs_fresh_token_loader(self, callback: Callback) -> Callback:
        """Register what answers where the user has to log in anew."""
        return self._register("needs_fresh_token", callback)

    def revoked_token_loader(self, callback: Callback) -> Callback:
        """Register what answers to a revoked token."""
        return self._register("revoked_token", callback)

    def additional_headers_loader(self, callback: object) -> NoReturn:
        """Refuse: a random token has no header."""
        raise ConfigurationError("additional_headers_loader: a random token has no header; use additional claims")

    def encode_key_loader(self, callback: object) -> NoReturn:
        """Refuse: nothing is signed with a key of the application."""
        raise ConfigurationError("encode_key_loader: tokens are random and signed with no key; remove it")

    def decode_key_loader(self, callback: object) -> NoReturn:
        """Refuse: an unverified token would choose the key."""
        raise ConfigurationError(
            "decode_key_loader: a token must not choose its key before it is verified (RFC 8725 §3.8); name other "
            "issuers in STOPPER_TRUSTED_ISSUERS"
        )

    def _register(self, name: str, callback: Callback) -> Callback:
        self.callbacks[name] = callback
        return callback


def _accept_old(app: Flask, configuration: Configuration) -> old.Verify:
    """Accept the old access tokens where an end is configured; return what verifies the old refresh tokens."""
    until = configuration.old_until
    if until is None:
        return lambda credential: None
    secret = app.config.get("JWT_SECRET_KEY") or app.config.get("SECRET_KEY") or ""
    algorithm, claim = app.config.get("JWT_ALGORITHM", "HS256"), configuration.identity_claim
    old.accept_old(app, old.signed_jwt(secret, algorithm, identity_claim=claim), until=until)
    return old.limited(app, old.signed_jwt(secret, algorithm, "refresh", identity_claim=claim), until=until)


# --------------------------------------------------------------------------- answers


def _message(text: str) -> Response:
    return jsonify({current_app.config["JWT_ERROR_MESSAGE_KEY"]: text})


def _unknown_user(header: Mapping[str, Any], payload: Mapping[str, Any]) -> tuple[Response, int]:
    return _message(f"Error loading the user {payload[current_state().configuration.identity_claim]}"), 401


_DEFAULTS: dict[str, Callable[..., Any]] = {
    "additional_claims": lambda identity: {},
    "user_identity": lambda identity: identity,
    "token_in_blocklist": lambda header, payload: False,
    "token_verification": lambda header, payload: True,
    "expired_token": lambda header, payload: (_message("Token has expired"), 401),
    "revoked_token": lambda header, payload: (_message("Token has been revoked"), 401),
    "needs_fresh_token": lambda header, payload: (_message("Fresh token required"), 401),
    "token_verification_failed": lambda header, payload: (_message("User claims verification failed"), 400),
    "user_lookup_error": _unknown_user,
    "unauthorized": lambda reason: (_message(reason), 401),
    "invalid_token": lambda reason: (_message(reason), 422),
}

_ANSWERS: tuple[tuple[type[errors.JWTExtendedException], str], ...] = (
    (errors.NoAuthorizationError, "unauthorized"),
    (errors.InvalidHeaderError, "invalid_token"),
    (errors.JWTDecodeError, "invalid_token"),
    (errors.WrongTokenError, "invalid_token"),
    (errors.ExpiredTokenError, "expired_token"),
    (errors.RevokedTokenError, "revoked_token"),
    (errors.FreshTokenRequired, "needs_fresh_token"),
    (errors.UserLookupError, "user_lookup_error"),
    (errors.UserClaimsVerificationError, "token_verification_failed"),
)


def _answering(manager: JWTManager, name: str) -> Callable[[Exception], Response]:
    """Return an error handler that answers with a callback, and adds what every refusal has to say."""

    def answer(error: Exception) -> Response:
        if isinstance(error, errors.JudgedTokenError):
            made = manager.callbacks[name](error.jwt_header, error.jwt_data)
        else:
            made = manager.callbacks[name](str(error))
        response: Response = current_app.make_response(made)
        response.headers["Cache-Control"] = "no-store"
        if response.status_code == 401:  # RFC 9110 §15.5.2
            code = "" if name == "unauthorized" else ', error="invalid_token"'
            realm = current_gate().settings.realm
            response.headers.setdefault("WWW-Authenticate", f'Bearer realm="{realm}"{code}')
        return response

    return answer
