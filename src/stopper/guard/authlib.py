"""The guard's tokens in Authlib: what its AuthorizationServer hands out and its ResourceProtector takes.

    server = AuthorizationServer(app, query_client, save_token)
    server.register_token_generator("default", generate_token)
    server.register_grant(AuthorizationCodeGrant, [CodeChallenge()])
    server.register_grant(RefreshTokenGrant)
    server.register_endpoint(RevocationEndpoint)
    require_oauth.register_token_validator(TokenValidator())

Authlib keeps the flows, the clients and the form of every answer and error; the guard makes the tokens, keeps their
digests, renews and ends them. The tokens are those of the application at hand, so that `@guard.require` takes them too.
The views of the server and those under `@require_oauth` are `@guard.public`, where HTTPS stays demanded.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    InvalidGrantError,
    InvalidRequestError,
    TokenMixin,
    grants,
)
from authlib.oauth2.rfc6750 import (  # type: ignore[import-untyped]
    BearerTokenGenerator,
    BearerTokenValidator,
    InsufficientScopeError,
)
from authlib.oauth2.rfc7009 import RevocationEndpoint as _RevocationEndpoint  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import CodeChallenge as _CodeChallenge  # type: ignore[import-untyped]
from authlib.oauth2.rfc7662 import IntrospectionEndpoint as _IntrospectionEndpoint  # type: ignore[import-untyped]

from stopper.guard import Guard, endpoints, redact, respond
from stopper.guard.audit import Kind
from stopper.guard.gate import current_gate, passage
from stopper.guard.store import StoreError
from stopper.guard.token import Token
from stopper.guard.tokens import as_token
from stopper.secret import fingerprint

__all__ = [
    "CodeChallenge",
    "IntrospectionEndpoint",
    "IssuedToken",
    "RefreshTokenGrant",
    "RevocationEndpoint",
    "TokenValidator",
    "find_token",
    "generate_token",
    "save_token",
]

_GUARD = Guard()
"""Issues and ends the tokens of whichever application is at hand; it has no rules of its own."""


class IssuedToken(TokenMixin):  # type: ignore[misc]
    """A good token in the form that Authlib asks for; `token` is the guard's own."""

    def __init__(self, token: Token) -> None:
        """Take a token that was verified."""
        self.token = token

    def check_client(self, client: Any) -> bool:
        """Tell whether it was issued to a client."""
        return bool(self.token.client == client.get_client_id())

    def get_scope(self) -> str:
        """Return what it allows, as RFC 6749 §3.3 writes it."""
        return " ".join(sorted(self.token.scopes))

    def get_expires_in(self) -> int:
        """Return for how many seconds it lives."""
        return round(self.token.expires_at - self.token.issued_at)

    def is_expired(self) -> bool:
        """Tell whether it has ended since it was verified."""
        return self.token.expires_at <= time.time()

    def is_revoked(self) -> bool:
        """Tell that it is not: a revoked token is not found."""
        return False

    def get_user(self) -> str:
        """Return the subject."""
        return self.token.subject

    def get_client(self) -> str:
        """Return the id of the client that it was issued to."""
        return self.token.client


def find_token(credential: str) -> IssuedToken | None:
    """Return the access or refresh token of ours that a credential is, or None; of another issuer's tokens none is."""
    redact.carry(credential)
    gate = current_gate()
    token = endpoints.found(gate, credential)
    return IssuedToken(token) if token is not None and endpoints.is_ours(gate, token) else None


# --------------------------------------------------------------------------- issue and renew


def generate_token(
    grant_type: str,
    client: Any,
    user: Any = None,
    scope: str | None = None,
    expires_in: int | None = None,
    include_refresh_token: bool = True,
) -> dict[str, Any]:
    """Issue a token for `server.register_token_generator("default", generate_token)`.

    The subject is the user's `get_user_id()`, as Authlib's own signed tokens have it, and where there is no user the
    client's id. Lifetimes are those of the guard's settings, which `expires_in` may shorten for a token that is not
    refreshed. A client's own token never is (RFC 6749 §4.4.3).
    """
    client_id = client.get_client_id()
    scopes = (BearerTokenGenerator.get_allowed_scope(client, scope) or "").split()
    if user is None:
        return _answered(_GUARD.issue(client_id, scopes, lifetime=expires_in, client=client_id))
    if include_refresh_token:
        return _answered(_GUARD.issue_with_refresh(user.get_user_id(), scopes, client=client_id))
    return _answered(_GUARD.issue(user.get_user_id(), scopes, lifetime=expires_in, client=client_id))


def save_token(token: Mapping[str, Any], request: Any) -> None:
    """Keep nothing, as the guard has kept the digest; for `AuthorizationServer(app, query_client, save_token)`."""


def _answered(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body that hands out a token as Authlib writes it: without a scope where there is none."""
    return {name: value for name, value in answer.items() if name != "scope" or value}


class CodeChallenge(_CodeChallenge):  # type: ignore[misc]
    """PKCE as RFC 9700 §2.1.1 has it: of every client, and with S256 alone, which must be named (RFC 7636 §4.3)."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Raise InvalidRequestError for an authorization request without a challenge by S256."""
        data = grant.request.payload.data
        if not data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge'")
        if not data.get("code_challenge_method"):
            raise InvalidRequestError("Unsupported 'code_challenge_method'")
        super().validate_code_challenge(grant, redirect_uri)


class RefreshTokenGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    """Exchanges refresh tokens of the guard: each works once, and one that comes again ends its whole family.

    A subclass may return a user object of its own from `authenticate_user`.
    """

    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> IssuedToken | None:
        """Return what a refresh token of the calling client stands for, without using it."""
        gate = current_gate()
        try:
            refresh = gate.tokens.renewable(refresh_token, self.request.client.get_client_id())
        except respond.InvalidGrant as refusal:
            gate.recorder.record(Kind.REFUSED, refusal.token, fingerprint(refresh_token), refusal.reason)
            return None
        return IssuedToken(as_token(refresh, refresh_token))

    def authenticate_user(self, refresh_token: IssuedToken) -> Any:
        """Return the subject; the guard's subject loader is asked when the token is used."""
        return refresh_token.get_user()

    def issue_token(self, user: Any, refresh_token: IssuedToken) -> dict[str, Any]:
        """Use the refresh token up and return the answer with its successor."""
        scope, client_id = self.request.payload.scope, self.request.client.get_client_id()
        scopes = scope.split() if scope else None
        try:
            answer = _GUARD.renew(self.request.form["refresh_token"], scopes=scopes, client=client_id)
        except respond.InvalidGrant:
            raise InvalidGrantError from None
        return _answered(answer)

    def revoke_old_credential(self, refresh_token: IssuedToken) -> None:
        """Do nothing: it was used up."""


# --------------------------------------------------------------------------- verify


class TokenValidator(BearerTokenValidator):  # type: ignore[misc]
    """Takes the guard's tokens under `@require_oauth("read")`; `stopper.guard.current_token` is there in the view too.

    A token that is bound to its sender's key is refused here: routes for those are under `@guard.require`.
    """

    def authenticate_token(self, token_string: str) -> IssuedToken | None:
        """Return the good token of a credential, or None; raise Unavailable where that cannot be told now."""
        gate = current_gate()
        try:
            token = gate.tokens.bearers.token(f"Bearer {token_string}")
            if token is not None:
                gate.subject_of(token)
        except (respond.InvalidToken, respond.InvalidRequest) as refusal:
            gate.recorder.record(Kind.REFUSED, refusal.token, fingerprint(token_string), refusal.reason)
            return None
        except StoreError:
            raise respond.Unavailable("Tokens cannot be checked now.", "store unavailable") from None
        return None if token is None else IssuedToken(token)

    def validate_token(self, token: IssuedToken | None, scopes: Any, request: Any, **claims: Any) -> None:
        """Raise Authlib's error for no token or one that does not reach so far; otherwise let the guard know it."""
        try:
            super().validate_token(token, scopes, request, **claims)
        except InsufficientScopeError:
            recorder = current_gate().recorder
            recorder.record(Kind.REFUSED, token and token.token, reason="The token does not reach so far.")
            raise
        way = passage()
        if way is not None and token is not None:
            way.token = token.token


# --------------------------------------------------------------------------- revoke and introspect


class RevocationEndpoint(_RevocationEndpoint):  # type: ignore[misc]
    """Ends a token of the calling client with its whole family (RFC 7009)."""

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        """Return the token, whichever kind the hint says that it is (RFC 7009 §2.1)."""
        return find_token(token_string)

    def revoke_token(self, token: IssuedToken, request: Any) -> None:
        """End it."""
        _GUARD.revoke(token.token)


class IntrospectionEndpoint(_IntrospectionEndpoint):  # type: ignore[misc]
    """Tells a client what an access token is worth (RFC 7662); of a refresh token it says that it is not active.

    Nobody may ask until a subclass says who, in `check_permission(token, client, request)`.
    """

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        """Return the good access token of a credential, or None."""
        redact.carry(token_string)
        gate = current_gate()
        try:
            token = endpoints.verified(gate, token_string)
            gate.subject_of(token)
        except respond.InvalidToken:
            return None
        return IssuedToken(token) if endpoints.is_ours(gate, token) else None

    def check_permission(self, token: IssuedToken, client: Any, request: Any) -> bool:
        """Refuse."""
        return False

    def introspect_token(self, token: IssuedToken) -> Mapping[str, Any]:
        """Return what is told of a good token."""
        return dict(endpoints.introspected(current_gate(), token.token))
