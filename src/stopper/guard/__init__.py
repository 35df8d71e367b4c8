"""Bearer tokens done right in Flask: issued, transported, kept, checked and hidden.

    guard = Guard(app)

    @app.post("/login")
    @guard.public
    def login():
        ...
        return guard.issue(subject=user.id, scopes=("read",))

    @app.get("/me")
    @guard.require("read")
    def me():
        return {"user": current_token.subject}

Without configuration every route that is not `@guard.public` needs a token, HTTPS is demanded, and tokens are random,
live for an hour and are kept as digests in SQLite in the instance folder.
"""

from __future__ import annotations

import functools
import inspect
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, NotRequired, TypedDict, TypeVar, cast, overload

from flask import Blueprint, Flask, current_app, has_request_context
from werkzeug.local import LocalProxy

from stopper.guard import cli, endpoints, openapi, redact, store, telemetry, transport
from stopper.guard.audit import Kind
from stopper.guard.clients import is_client_id
from stopper.guard.gate import EXTENSION, PASSAGE, Gate, asked, current_gate, passage
from stopper.guard.pem import signing_keys
from stopper.guard.respond import (
    InsecureTransport,
    InsufficientScope,
    InvalidGrant,
    InvalidProof,
    InvalidRequest,
    InvalidToken,
    Refusal,
    ReusedGrant,
    StaleAuthentication,
    Unauthenticated,
    Unavailable,
)
from stopper.guard.rules import DEFAULTS, Access, Rule, declare
from stopper.guard.settings import ConfigurationError, Settings
from stopper.guard.store import StoreError
from stopper.guard.token import Refresh, Token
from stopper.guard.transport import Channel
from stopper.secret import fingerprint

__all__ = [
    "ConfigurationError",
    "Guard",
    "InsecureTransport",
    "InsufficientScope",
    "InvalidGrant",
    "InvalidProof",
    "InvalidRequest",
    "InvalidToken",
    "Refusal",
    "ReusedGrant",
    "StaleAuthentication",
    "Token",
    "TokenAnswer",
    "Unauthenticated",
    "Unavailable",
    "current_subject",
    "current_token",
]

logger = logging.getLogger("stopper")

Subject = TypeVar("Subject", bound=Callable[..., Any] | Blueprint)


LONGEST_SUBJECT = 255
"""Characters of a subject, as many as every store keeps (OpenID Connect Core §2 has the same limit)."""

RESERVED_CLAIMS = frozenset(
    ("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "family", "auth_time", "cnf")
)
"""What `issue` takes as no extra claim (RFC 7519 §4.1, RFC 9068 §2.2, RFC 7800 §3.1)."""

LoadSubject = Callable[[str], object]


class TokenAnswer(TypedDict):
    """The body of an answer that hands out a token (RFC 6749 §5.1)."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    refresh_token: NotRequired[str]


def _current_token() -> Token:
    way = passage()
    if way is None or way.token is None:
        raise RuntimeError("no token: the route is public, or the caller of an optional one presented none")
    return way.token


current_token: Token = cast(Token, LocalProxy(_current_token))
"""The verified token of the request at hand. False where there is none, and an error to read from then."""


def _current_subject() -> object:
    _current_token()
    way = passage()
    return way.subject if way is not None else None


current_subject: Any = LocalProxy(_current_subject)
"""What the subject loader made of the token's subject."""


class Guard:
    """The extension. One guard may serve several applications; each has its own settings and store.

    `default` says what holds for a route that declares nothing: `require` a token, `declare` is an error of the
    server at the first request, `open` lets anybody in.
    """

    def __init__(self, app: Flask | None = None, *, default: Literal["require", "declare", "open"] = "require") -> None:
        """Guard an application now, or later with `init_app`."""
        if default not in DEFAULTS:
            raise ConfigurationError(f"default must be one of {', '.join(DEFAULTS)}")
        self._default = default
        self._loaders: dict[str, LoadSubject] = {}
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> Flask:
        """Put the guard before every route of an application; raise ConfigurationError for wrong `STOPPER_*` keys."""
        if EXTENSION in app.extensions:
            raise ConfigurationError("the application is guarded already")
        settings = Settings.from_config(app.config, app.instance_path)
        store.check_at_start(settings.store, bool(app.config.get("STOPPER_STORE")))
        transport.check_at_start(settings)
        _check_keys(settings)
        gate = app.extensions[EXTENSION] = Gate(app, self._default, self._loaders)
        app.config["PREFERRED_URL_SCHEME"] = "https"
        app.wsgi_app = gate.guarded(app.wsgi_app)  # type: ignore[assignment,method-assign]  # as Flask wants it
        app.register_error_handler(StoreError, gate.store_failed)
        # Before all hooks, so that none of the application's runs for a refused request.
        app.preprocess_request = functools.partial(gate.preprocess, app.preprocess_request)  # type: ignore[method-assign]
        app.dispatch_request = functools.partial(gate.dispatch, app.dispatch_request)  # type: ignore[method-assign]
        redact.install()
        telemetry.know(app, settings)
        cli.register(app, self)
        return app

    # ----------------------------------------------------------------------- declarations

    @overload
    def require(self, view: Subject, /) -> Subject: ...

    @overload
    def require(
        self, *scopes: str, max_age: int = 0, audience: str = "", bound: bool = False
    ) -> Callable[[Subject], Subject]: ...

    def require(self, *arguments: Any, max_age: int = 0, audience: str = "", bound: bool = False) -> Any:
        """Let only callers in whose token has all of these scopes: `@guard.require("read")`, `@guard.require()`.

        With `max_age`, the user must have proved who they are within so many seconds, refreshes not counted. With
        `audience`, the token must be meant for it (RFC 9068 §4). With `bound`, it must be bound to its sender's key, by
        DPoP or client certificate. Works on view functions, view classes, their methods and whole blueprints, above or
        below `@app.route`.
        """
        if len(arguments) == 1 and not isinstance(arguments[0], str):
            return _declaring(Rule(Access.REQUIRE, max_age=max_age, audience=audience, bound=bound))(arguments[0])
        scopes = frozenset(_scopes(arguments))
        return _declaring(Rule(Access.REQUIRE, scopes, max_age, audience=audience, bound=bound))

    def optional(self, view: Subject) -> Subject:
        """Let callers in with a good token or with none; `current_token` is false for the latter."""
        return _declaring(Rule(Access.OPTIONAL))(view)

    @overload
    def public(self, view: Subject) -> Subject: ...

    @overload
    def public(self, *, plain_http: bool = False) -> Callable[[Subject], Subject]: ...

    def public(self, view: Any = None, *, plain_http: bool = False) -> Any:
        """Let anybody in. `plain_http=True` serves health checks and ACME in clear, where credentials stay refused."""
        declaring = _declaring(Rule(Access.PUBLIC, plain_http=plain_http))
        return declaring if view is None else declaring(view)

    def openapi(self, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the security of the current application's routes for OpenAPI, from what is enforced.

        Without a document: `components.securitySchemes` and per-route `security` of OpenAPI 3.1. With one, as apispec's
        `spec.to_dict()`, flask-smorest's `api.spec.to_dict()` or APIFlask's `@app.spec_processor` have it: a copy
        with the security of its operations replaced.
        """
        parts = openapi.describe(current_app, DEFAULTS[self._default], current_gate().settings)
        return parts if document is None else openapi.merge(document, parts)

    # ----------------------------------------------------------------------- tokens

    def issue(
        self,
        subject: object,
        scopes: Iterable[str] = (),
        *,
        lifetime: int | None = None,
        claims: Mapping[str, Any] | None = None,
        client: str = "",
        audiences: Iterable[str] = (),
    ) -> TokenAnswer:
        """Make an access token for a subject and return the answer that hands it out, to be returned by the view.

        `lifetime` is in seconds and may only shorten the configured one; `claims` is what `current_token.claims` shall
        hold, as JSON; `audiences` are those of `STOPPER_AUDIENCES` that it is for, all where none is named. It is bound
        to the key of a DPoP proof or client certificate that comes with the request, where these are configured. The
        answer goes out uncacheable. Raises InsecureTransport where it would leave in clear, and InvalidProof.
        """
        gate = _issuing_gate()
        return _answer(gate, _wanted(gate, subject, scopes, lifetime, _for(gate, claims, audiences), client))

    def issue_with_refresh(
        self,
        subject: object,
        scopes: Iterable[str] = (),
        *,
        claims: Mapping[str, Any] | None = None,
        client: str = "",
        audiences: Iterable[str] = (),
    ) -> TokenAnswer:
        """Make an access token and the first refresh token of a new family, which `renew` takes.

        Where `client` is the id of a registered client, only that client may renew.
        """
        gate = _issuing_gate()
        wanted = _wanted(gate, subject, scopes, None, _for(gate, claims, audiences), client)
        with _available("Tokens cannot be issued now."):
            first, credential = gate.tokens.begin_family(wanted)
        return {**_answer(gate, first), "refresh_token": credential}

    def issue_refresh(
        self,
        subject: object,
        scopes: Iterable[str] = (),
        *,
        lifetime: int | None = None,
        claims: Mapping[str, Any] | None = None,
        client: str = "",
    ) -> str:
        """Make the first refresh token of a new family alone, and return it to be handed out; `renew` takes it.

        `lifetime` is in seconds and may only shorten that of the family.
        """
        gate = _issuing_gate()
        wanted = _wanted(gate, subject, scopes, lifetime, _for(gate, claims, ()), client)
        with _available("Tokens cannot be issued now."):
            _, credential = gate.tokens.begin_family(wanted, lifetime)
        return credential

    def renew(self, refresh_token: str, *, scopes: Iterable[str] | None = None, client: str = "") -> TokenAnswer:
        """Exchange a refresh token for a new access token and its successor; `client` is who authenticated.

        `scopes` may narrow what the access token allows; the successor keeps all (RFC 6749 §6).
        Raises InvalidGrant for one that does not hold; one that was used before ends its whole family. One of another
        client, bound to another key, or of a subject that the loader refuses, is not used.
        """
        gate = _issuing_gate()
        try:
            with _available("Tokens cannot be renewed now."):
                refresh = gate.tokens.renewable(refresh_token, client)
                gate.check_subject(refresh, refresh_token)
                refresh = _rebound(gate, refresh, refresh_token)
                refresh, credential = gate.tokens.renew(refresh_token, refresh)
        except InvalidGrant as refusal:
            gate.recorder.record(Kind.REFUSED, refusal.token, fingerprint(refresh_token), refusal.reason)
            if isinstance(refusal, ReusedGrant):
                gate.recorder.record(Kind.REVOKED, refusal.token, reason="the family of a reused refresh token")
            raise
        now = refresh.issued_at
        wanted = Token(
            id="",
            subject=refresh.subject,
            scopes=refresh.scopes if scopes is None else refresh.scopes.intersection(scopes),
            issued_at=now,
            expires_at=min(now + gate.settings.access_lifetime, refresh.expires_at),
            claims=refresh.claims,
            client=refresh.client,
            family=refresh.family,
            authenticated_at=refresh.authenticated_at,
        )
        return {**_answer(gate, wanted, Kind.REFRESHED), "refresh_token": credential}

    def revoke(self, token: Token) -> None:
        """End a token and the family that it came from, as a logout does; raise Unavailable where that is not kept."""
        gate = current_gate()
        with _available("Tokens cannot be revoked now."):
            gate.tokens.end(token)
        gate.recorder.record(Kind.REVOKED, token)

    def revoke_subject(self, subject: object, *, issuer: str = "") -> None:
        """End all that a subject was given so far, as after a change of password.

        A user is (issuer, subject): where `issuer` names a remote one, only its tokens end, and otherwise our own.
        """
        gate = current_gate()
        with _available("Tokens cannot be revoked now."):
            gate.tokens.revoke_subject(_subject(subject), issuer)
        gate.recorder.record(Kind.REVOKED, subject=_subject(subject), reason="all of the subject")

    def revoke_all(self) -> None:
        """End all that anybody was given so far."""
        gate = current_gate()
        with _available("Tokens cannot be revoked now."):
            gate.tokens.revoke(store.Kind.ALL)
        gate.recorder.record(Kind.REVOKED, reason="everything")

    @overload
    def subject_loader(self, load: LoadSubject, /) -> LoadSubject: ...

    @overload
    def subject_loader(self, *, issuer: str) -> Callable[[LoadSubject], LoadSubject]: ...

    def subject_loader(self, load: LoadSubject | None = None, *, issuer: str = "") -> Any:
        """Register the function that turns a token's subject into `current_subject`; None refuses the token.

        It runs for every request with a token, so that a user who was disabled a moment ago is out (ASVS 7.4.2).
        `@guard.subject_loader` is asked about our own subjects only, `@guard.subject_loader(issuer=...)` about a remote
        issuer's: a user is (issuer, subject), and two may have the same subject (ASVS 10.3.3). Where there is a loader,
        subjects that none is asked about are refused.
        """

        def register(loader: LoadSubject) -> LoadSubject:
            self._loaders[issuer] = loader
            return loader

        return register if load is None else register(load)

    def endpoints(self, prefix: str = "/oauth") -> Blueprint:
        """Return a blueprint for clients: token, revoke, introspect and jwks below `prefix`, and their metadata.

        It is registered as it is, without `url_prefix`, as the metadata has its place at the root (RFC 8615).
        """
        return endpoints.blueprint(self, prefix)

    def test_client_token(self, app: Flask, subject: object, scopes: Iterable[str] = ()) -> dict[str, str]:
        """Return the headers of a caller with a fresh token, for the tests of an application."""
        with app.app_context():
            return {"Authorization": f"Bearer {self.issue(subject, scopes)['access_token']}"}


def _check_keys(settings: Settings) -> None:
    """Raise ConfigurationError for signing keys that cannot be used; a store that is away may come back."""
    try:
        signing_keys(settings, lambda: store.open_store(settings.store)).check()
    except StoreError as error:
        logger.warning("%s; tokens are signed and verified when the keys can be had", error)


@contextmanager
def _available(otherwise: str) -> Iterator[None]:
    """Raise Unavailable, with what the client is told, where the store fails."""
    try:
        yield
    except StoreError as error:
        logger.error("%s", error)
        raise Unavailable(otherwise, "store unavailable") from None


def _issuing_gate() -> Gate:
    """Return the application's gate where the answer of the request at hand may carry a token."""
    gate = current_gate()
    way = passage() if has_request_context() else None
    if way is not None:
        if way.channel is Channel.CLEAR:
            raise InsecureTransport("A token is not handed out over plain HTTP.")
        way.issued = True
    return gate


def _for(gate: Gate, claims: Mapping[str, Any] | None, audiences: Iterable[str]) -> Mapping[str, Any]:
    """Return the claims of a new token with the audiences that it is for and what it is bound to."""
    if reserved := RESERVED_CLAIMS.intersection(claims or ()):
        raise ValueError(f"{min(reserved)} is not an extra claim: the guard sets it, or it has a meaning of its own")
    named = [audiences] if isinstance(audiences, str) else list(audiences)
    if unknown := set(named).difference(gate.settings.audiences):
        raise ValueError(f"{sorted(unknown)[0]!r} is not in STOPPER_AUDIENCES")
    made = dict(claims or {})
    if wanted := named or list(gate.settings.audiences):
        made["aud"] = wanted
    if confirmation := _confirmation(gate):
        made["cnf"] = dict(confirmation)
    return made


def _confirmation(gate: Gate) -> Mapping[str, str]:
    """Return what the sender of the request at hand shows, to which tokens are bound."""
    way = passage() if gate.bound is not None and has_request_context() else None
    if gate.bound is None or way is None:
        return {}
    with _available("Tokens cannot be issued now."):
        return gate.bound.confirmation(way)


def _rebound(gate: Gate, refresh: Refresh, credential: str) -> Refresh:
    """Return a refresh token as its sender may use it; raise InvalidGrant where it is bound to what is not shown."""
    shown = _confirmation(gate)
    if not shown and not refresh.confirmation:
        return refresh
    from stopper.guard.bound import rebound

    client = endpoints.clients_of(gate).find(refresh.client)
    return rebound(refresh, shown, credential, authenticated=client is not None and not client.is_public)


def _wanted(
    gate: Gate,
    subject: object,
    scopes: Iterable[str],
    lifetime: int | None,
    claims: Mapping[str, Any],
    client: str,
) -> Token:
    if lifetime is not None and lifetime < 1:
        raise ValueError("a token lives for at least a second")
    if not _can_be_kept(client):
        raise ValueError("no client has such an id")
    name = _subject(subject)
    if is_client_id(name) and name != client:
        raise ValueError("a user's subject must not look like the id of a client")  # RFC 9700 §4.15
    now = time.time()
    seconds = min(lifetime or gate.settings.access_lifetime, gate.settings.access_lifetime)
    return Token(
        id="",
        subject=name,
        scopes=frozenset(_scopes(scopes)),
        issued_at=now,
        expires_at=now + seconds,
        claims=dict(claims),
        client=client,
        authenticated_at=now,
    )


def _answer(gate: Gate, wanted: Token, happened: Kind = Kind.ISSUED) -> TokenAnswer:
    """Issue a token and return the body that hands it out (RFC 6749 §5.1)."""
    with _available("Tokens cannot be issued now."):
        credential, token = gate.tokens.issue(wanted)
    gate.recorder.record(happened, token)
    return {
        "access_token": credential,
        "token_type": token.type,
        "expires_in": round(token.expires_at - token.issued_at),
        "scope": " ".join(sorted(token.scopes)),
    }


def _declaring(rule: Rule) -> Callable[[Subject], Subject]:
    """Return a decorator that attaches a rule, and that checks it itself where the gate has not."""

    def decorate(subject: Subject) -> Subject:
        declare(subject, rule)
        if isinstance(subject, (Blueprint, type)):
            return subject
        if inspect.iscoroutinefunction(subject):

            @functools.wraps(subject)
            async def checked_async(*arguments: Any, **keywords: Any) -> Any:
                _ensure_checked(rule)
                return await subject(*arguments, **keywords)

            return cast(Subject, checked_async)

        @functools.wraps(subject)
        def checked(*arguments: Any, **keywords: Any) -> Any:
            way = asked().environ.get(PASSAGE)
            if way is None or way.rule is not rule:  # which is rare, and only then worth a closer look
                _ensure_checked(rule)
            return subject(*arguments, **keywords)

        return cast(Subject, checked)

    return decorate


def _ensure_checked(rule: Rule) -> None:
    """Hold the request against a view's own rule where another one led to it, as when one view calls another."""
    way = passage()
    if way is None:
        raise RuntimeError("no guard has seen this request: call guard.init_app(app)")
    if way.rule is not rule and way.rule != rule:
        current_gate().admit(way, rule)


def _subject(subject: object) -> str:
    name = "" if subject is None or isinstance(subject, bool) else str(subject)
    if not name or not _can_be_kept(name):
        raise ValueError(f"a token needs a subject of 1 to {LONGEST_SUBJECT} Unicode characters without NUL")
    return name


def _can_be_kept(name: str) -> bool:
    """Tell whether every store keeps a name as it is: not one that is too long, has a NUL or half a surrogate pair."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return len(name) <= LONGEST_SUBJECT and "\0" not in name


def _scopes(scopes: Iterable[str]) -> Iterable[str]:
    if isinstance(scopes, str):
        raise TypeError("scopes are given one by one: ('read', 'write')")
    for scope in scopes:
        # RFC 6749 §3.3: printable ASCII without space, quote and backslash
        if not scope or any(character in ' "\\' or not "!" <= character <= "~" for character in scope):
            raise ValueError(f"{scope!r} is no scope")
        yield scope
