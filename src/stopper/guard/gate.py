"""What happens to each request of a guarded application: before its view and after it."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask, Request, current_app, request
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.routing import Rule as UrlRule
from werkzeug.wrappers import Response as WerkzeugResponse

from stopper.guard import present, redact, respond, transport
from stopper.guard.audit import Kind, Recorder
from stopper.guard.rules import DEFAULTS, PUBLIC, Access, Rule, rule_for
from stopper.guard.settings import ConfigurationError, Settings
from stopper.guard.store import StoreError
from stopper.guard.token import Refresh, Token
from stopper.guard.tokens import Tokens, as_token
from stopper.guard.transport import Channel
from stopper.secret import fingerprint

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from stopper.guard.bound import BoundTokens
    from stopper.guard.dpop import Proof

T = TypeVar("T")

logger = logging.getLogger("stopper")

EXTENSION = "stopper"
"""Where an application keeps its gate among its extensions."""

RESOURCE_METADATA = "stopper.resource_metadata"
"""Where an application that serves its metadata keeps what tells the address."""

PASSAGE = "stopper.passage"
"""Where the WSGI environment, which every context of a request shares, has its passage."""

# Looked up once: before Python 3.12, to name a member of an enumeration costs as much as ten other look-ups.
_TLS = Channel.TLS
_OPTIONAL, _PUBLIC, _UNDECLARED = Access.OPTIONAL, Access.PUBLIC, Access.UNDECLARED

_DECIDED = frozenset(("cache-control", "strict-transport-security"))  # by the application, where it has set them


class Passage:
    """What the guard knows of the request at hand; `seen` once it has looked at it.

    `scheme` is the one that a token was presented with, `proof` the DPoP proof that was used for the request.
    """

    seen = False
    channel: Channel = Channel.CLEAR
    rule: Rule = PUBLIC
    token: Token | None = None
    subject: object = None
    refusal: respond.Refusal | None = None
    issued = False
    scheme = "Bearer"
    proof: Proof | None = None


asked: Callable[[], Request] = request._get_current_object  # type: ignore[attr-defined]
"""The request at hand, for one look-up of the proxy where several attributes are wanted; a tenth of the time."""


def passage() -> Passage | None:
    """Return what the guard knows of the request at hand, or None where no guard stands before the application.

    Raises RuntimeError outside of a request.
    """
    way: Passage | None = asked().environ.get(PASSAGE)
    return way if way is not None and way.seen else None


def current_gate() -> Gate:
    """Return the gate of the application at hand; raise RuntimeError where no guard stands before it."""
    gate = current_app.extensions.get(EXTENSION)
    if not isinstance(gate, Gate):
        raise RuntimeError("no guard stands before this application: call guard.init_app(app)")
    return gate


class Gate:
    """The guard of one application: what it does with each request and each answer."""

    def __init__(self, app: Flask, default: str, loaders: Mapping[str, Callable[[str], object]]) -> None:
        """Take the application, what holds for its undeclared routes, and its subject loaders by issuer, ours by none.

        The configuration is read at first use.
        """
        self._app = app
        self._config = app.config
        self.default = DEFAULTS[default]
        self.tokens = Tokens(lambda: Settings.from_config(app.config, app.instance_path))
        self.loaders = loaders
        self._rules: dict[tuple[str, str], Rule] = {}
        self._hinted = False
        # Both are chosen at the first request, so that what is not configured costs nothing at the others.
        self._channel: Callable[[WSGIEnvironment, Settings], Channel] = self._channel_at_first
        self._presented: Callable[[str], Token | None] = self._presented_at_first

    @functools.cached_property
    def recorder(self) -> Recorder:
        """Where what happens to tokens is told."""
        return Recorder(self._app, self.settings)

    @functools.cached_property
    def settings(self) -> Settings:
        """The configuration, frozen at first use."""
        return self.tokens.settings

    @functools.cached_property
    def bound(self) -> BoundTokens | None:
        """What is demanded of the senders of bound tokens; None where tokens are not bound here."""
        if not (self.settings.dpop or self.settings.mtls):
            return None
        from stopper.guard.bound import BoundTokens

        return BoundTokens(self.tokens)

    def _presented_at_first(self, header: str) -> Token | None:
        self._presented = self.bound.presented if self.bound else self.tokens.bearers.token
        return self._presented(header)

    def _channel_at_first(self, environ: WSGIEnvironment, settings: Settings) -> Channel:
        if settings.mtls:
            from stopper.guard import mtls

            self._channel = mtls.channel
        else:
            self._channel = transport.channel
        return self._channel(environ, settings)

    # ----------------------------------------------------------------------- a request comes in

    def preprocess(self, own: Callable[..., T], *arguments: object) -> T:
        """Let a request through to an application's own preprocessing, or raise the refusal that answers it.

        As one of its hooks, another could be put before it, and Flask would ask each time whether it is asynchronous.
        """
        at_hand = asked()
        environ = at_hand.environ
        way: Passage | None = environ.get(PASSAGE)
        if way is None or way.seen:  # not through `guarded`, or once more with the same environment
            way = environ[PASSAGE] = Passage()
        way.seen = True
        route = at_hand.url_rule
        if route is None:
            rule = PUBLIC  # there is nothing behind it, and Flask answers 404 or 405
        else:
            method = at_hand.method
            rule = self._rules.get((route.endpoint, method)) or self._rule_at_first(route, method)
        way.rule = rule
        redact.carry_anew(environ.get("HTTP_AUTHORIZATION"))
        try:
            way.channel = channel = self._channel(environ, self.settings)
            if channel is not _TLS or self._config["DEBUG"]:
                self._admit_transport(way, environ)
            self._admit_credential(way, rule, environ)
        except respond.Refusal as refusal:
            self._note(way, refusal, environ)
            raise
        return own(*arguments)

    def _rule_at_first(self, route: UrlRule, method: str) -> Rule:
        rule = rule_for(self._app, route, method, self.default)
        if self.settings.bound and rule.access is not _PUBLIC:
            rule = replace(rule, bound=True)
        if rule.bound and self.bound is None:
            raise ConfigurationError(f"{route.endpoint} asks for bound tokens: set STOPPER_DPOP or STOPPER_MTLS")
        if route.methods is not None:  # of a route for any method, callers could make up endlessly many
            self._rules[route.endpoint, method] = rule
        return rule

    def _admit_transport(self, way: Passage, environ: WSGIEnvironment) -> None:
        if way.channel is Channel.CLEAR:
            exposed = present.presented(environ)
            if exposed or not way.rule.plain_http:
                self._explain_clear(environ)
                detail = "This API is served over HTTPS only."
                if exposed:
                    detail += " The credential has crossed the network in clear: replace it."
                    self._end_exposed(exposed, environ)
                raise respond.InsecureTransport(detail, "plain HTTP with a credential" if exposed else "plain HTTP")
        if self._app.debug and not self.settings.debug_remote and not transport.is_loopback(transport.peer(environ)):
            logger.error("in debug mode, requests from elsewhere than loopback are refused (STOPPER_DEBUG_REMOTE)")
            raise respond.Unavailable("This API is being debugged.", "debug mode and a remote peer")

    def _end_exposed(self, credentials: Iterable[str], environ: WSGIEnvironment) -> None:
        """End the tokens that crossed in clear, where that is wanted and as far as they are good.

        A configured proxy speaks for many clients: one wrong line in its configuration would log them all out.
        """
        if not self.settings.revoke_exposed or transport.is_trusted_proxy(transport.peer(environ), self.settings):
            return
        for credential in filter(str.isascii, credentials):
            # the request is refused whatever the token is worth
            with contextlib.suppress(respond.Refusal, StoreError):
                token = self.tokens.verify(credential)
                self.tokens.end(token)
                self.recorder.record(Kind.REVOKED, token, reason="crossed in clear")

    def _explain_clear(self, environ: WSGIEnvironment) -> None:
        """Say once how to go on, so that the first `flask run` is not a riddle."""
        if not self._hinted and transport.is_loopback(transport.peer(environ)):
            self._hinted = True
            logger.warning(
                "refused plain HTTP from loopback: set STOPPER_DEV_HTTP=1 to develop without TLS, or name the proxy "
                "that ends TLS in STOPPER_TRUSTED_PROXIES"
            )

    def admit(self, way: Passage, rule: Rule) -> None:
        """Hold a request against one more rule and keep its token; raise the refusal where it does not pass."""
        environ = asked().environ
        try:
            self._admit_credential(way, rule, environ)
        except respond.Refusal as refusal:
            self._note(way, refusal, environ)
            raise

    def dispatch(self, own: Callable[..., T], *arguments: object) -> T:
        """Call an application's own dispatch to its views, and keep a refusal that a view raises for the way out.

        Frameworks turn exceptions into answers in ways of their own, but each lets a view's pass here first.
        """
        try:
            return own(*arguments)
        except respond.Refusal as refusal:
            way = passage()
            if way is not None and way.refusal is not refusal:
                self._keep_raised(way, refusal)
            raise

    def _keep_raised(self, way: Passage, refusal: respond.Refusal) -> None:
        if isinstance(refusal, respond.InvalidGrant):  # which is recorded where it is raised
            way.refusal = refusal
        else:
            self._note(way, refusal, asked().environ)

    def _note(self, way: Passage, refusal: respond.Refusal, environ: WSGIEnvironment) -> None:
        """Keep a refusal for the way out, and tell the audit of a refused credential."""
        way.refusal = refusal
        if refusal.token is not None:
            self.recorder.record(Kind.REFUSED, refusal.token, reason=refusal.reason)
            return
        presented = present.presented(environ)
        if not presented and isinstance(refusal, respond.InvalidRequest):
            presented = [""]  # a view has found one elsewhere
        for credential in presented:
            named = fingerprint(credential) if credential else ""
            self.recorder.record(Kind.REFUSED, token_id=named, reason=refusal.reason)

    def _admit_credential(self, way: Passage, rule: Rule, environ: WSGIEnvironment) -> None:
        access = rule.access
        if access is _PUBLIC:
            return
        if access is _UNDECLARED:
            logger.error("%s declares neither require nor public", request.endpoint)
            raise RuntimeError(f"{request.endpoint} declares neither guard.require() nor guard.public")
        if query := environ.get("QUERY_STRING"):
            present.check_query(query)
        header = environ.get("HTTP_AUTHORIZATION")
        try:
            token = None if header is None else self._presented(header)
        except StoreError as error:
            logger.error("%s", error)
            raise respond.Unavailable("Tokens cannot be checked now.", "store unavailable") from None
        if token is None:
            if access is _OPTIONAL:
                return
            raise respond.Unauthenticated("A bearer token is needed.", scopes=rule.scopes)
        if rule.looks_closer or self.loaders or not rule.scopes <= token.scopes:
            self._admit_token(way, rule, token)
        way.token = token

    def _admit_token(self, way: Passage, rule: Rule, token: Token) -> None:
        """Let a good token pass, or raise the refusal: for whatever a rule asks, and whoever the subject is."""
        try:
            if rule.bound and not token.confirmation:
                raise respond.InvalidToken("bound to no key")
            if rule.audience and rule.audience not in token.audiences:
                raise respond.InvalidToken("meant for another audience")
            way.subject = self.subject_of(token)
            if not rule.scopes <= token.scopes:
                raise respond.InsufficientScope("The token does not reach so far.", scopes=rule.scopes)
            if rule.max_age and token.authenticated_at < time.time() - rule.max_age:
                raise respond.StaleAuthentication(rule.max_age)
        except respond.Refusal as refusal:
            refusal.token = token
            raise

    def subject_of(self, token: Token) -> object:
        """Return what the issuer's subject loader makes of a token's subject; raise InvalidToken where it refuses."""
        if not self.loaders:
            return None
        load = self.loaders.get("" if token.issuer == self.settings.issuer else token.issuer)
        subject = load(token.subject) if load else None
        if subject is None:
            raise respond.InvalidToken("the subject is not let in")
        return subject

    def check_subject(self, refresh: Refresh, credential: str) -> None:
        """Raise InvalidGrant where the subject loader refuses whom a refresh token was given to."""
        token = as_token(refresh, credential)
        try:
            self.subject_of(token)
        except respond.InvalidToken as refusal:
            raise respond.InvalidGrant(refusal.reason, token) from None

    def time_checks(self, tell: Callable[[float], None]) -> None:
        """Tell how many seconds each check of a credential takes from now on; costs nothing where nobody asks."""
        admit = self._admit_credential

        def timed(way: Passage, rule: Rule, environ: WSGIEnvironment) -> None:
            if rule.access is _PUBLIC or "HTTP_AUTHORIZATION" not in environ:
                return admit(way, rule, environ)
            began = time.perf_counter()
            try:
                return admit(way, rule, environ)
            finally:
                tell(time.perf_counter() - began)

        self._admit_credential = timed  # type: ignore[method-assign]  # of this gate alone

    # ----------------------------------------------------------------------- an answer goes out

    def guarded(self, wsgi_app: WSGIApplication) -> WSGIApplication:
        """Return a WSGI application whose answers this gate marks last of all, after every hook of Flask's.

        The passage is made out here, so that it is the same one although a middleware within copies the environment.
        """

        def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
            way = environ[PASSAGE] = Passage()

            def start(status: str, headers: respond.Headers, *error: Any) -> Any:
                if way.token is not None and way.refusal is None and not way.issued and way.channel is _TLS:
                    for name, _ in headers:
                        if name.lower() in _DECIDED:
                            break
                    else:  # as nearly every answer is
                        return start_response(status, [*headers, *self._when_admitted], *error)
                if way.seen:
                    status, headers = self._marked(way, status, headers)
                return start_response(status, headers, *error)

            return wsgi_app(environ, start)

        guarded.wsgi_app = wsgi_app  # type: ignore[attr-defined]  # as middleware has it, for whoever looks within
        return guarded

    def _marked(self, way: Passage, status: str, headers: respond.Headers) -> tuple[str, respond.Headers]:
        """Return status and headers of an answer with what transport, refusal and tokens ask for."""
        secure = self._when_secure if way.channel is _TLS else []
        names = [name.lower() for name, _ in headers]
        marked = [*respond.without(headers, "strict-transport-security"), *secure]
        if way.issued or way.refusal is not None:
            marked = [*respond.without(marked, "cache-control", "x-content-type-options"), *respond.NOT_TO_KEEP]
        elif way.token is not None and "cache-control" not in names:
            marked.append(respond.NO_STORE)
        elif way.token is not None or way.rule.access is _OPTIONAL:
            marked = respond.varied(marked, "Authorization")  # RFC 9111 §4.1: what a cache may keep is for the same one
        if way.refusal is None:
            return status, marked
        return self._marked_refusal(way, way.refusal, status, marked)

    @functools.cached_property
    def _when_secure(self) -> respond.Headers:
        """The headers of secure answers only (RFC 6797 §7.2)."""
        return [("Strict-Transport-Security", self.settings.hsts)] if self.settings.hsts else []

    @functools.cached_property
    def _when_admitted(self) -> respond.Headers:
        """The headers of a secure answer to a good token that decides nothing itself."""
        return [*self._when_secure, respond.NO_STORE]

    @functools.cached_property
    def _resource_metadata(self) -> str:
        """Where the metadata of this API is, empty where it is not served."""
        address: Callable[[Gate], str] | None = self._app.extensions.get(RESOURCE_METADATA)
        return address(self) if address else ""

    def store_failed(self, error: StoreError) -> WerkzeugResponse:
        """Answer 503 where a view asked for a change, as a logout does, and the store failed."""
        logger.error("%s", error)
        refusal = respond.Unavailable("Tokens cannot be changed now.", "store unavailable")
        way = passage()
        if way is not None:
            way.refusal = refusal
        return refusal.get_response()

    def _marked_refusal(
        self, way: Passage, refusal: respond.Refusal, status: str, headers: respond.Headers
    ) -> tuple[str, respond.Headers]:
        """Keep status and challenge, whichever error handler of the application rendered the answer."""
        if not status.startswith(f"{refusal.code} "):
            status = f"{refusal.code} {HTTP_STATUS_CODES[refusal.code].upper()}"
        if refusal.challenges:
            headers = [*respond.without(headers, "www-authenticate"), *self._challenges(way, refusal)]
        if refusal.nonce:
            headers = [*respond.without(headers, "dpop-nonce"), ("DPoP-Nonce", refusal.nonce)]
        return status, headers

    def _challenges(self, way: Passage, refusal: respond.Refusal) -> respond.Headers:
        realm, metadata = self.settings.realm, self._resource_metadata
        if self.bound is not None:
            return self.bound.challenges(refusal, way, realm, metadata)
        return [("WWW-Authenticate", refusal.challenge(realm, metadata))]
