"""What happens to each request of a guarded application: before its view and after it."""

from __future__ import annotations

import functools
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flask import Flask, Request, Response, request

from stopper.guard import opaque, present, redact, respond, signed, transport
from stopper.guard.claims import PROFILES, ClaimError, Expectation
from stopper.guard.feed import Feed
from stopper.guard.jose import JoseError
from stopper.guard.keyfile import KeyFile
from stopper.guard.recent import Recent
from stopper.guard.remote import RemoteKeys, RemoteKeysError
from stopper.guard.rules import DEFAULTS, PUBLIC, Access, Rule, rule_for
from stopper.guard.settings import Settings
from stopper.guard.signed import FindKey, SignedTokens, Verified
from stopper.guard.store import Store, StoreError, open_store
from stopper.guard.token import Token
from stopper.guard.transport import Channel
from stopper.secret import fingerprint

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

logger = logging.getLogger("stopper")

_PASSAGE = "stopper.passage"  # of the WSGI environment, which every context of the request shares


class Passage:
    """What the guard knows of the request at hand."""

    __slots__ = ("channel", "issued", "refusal", "rule", "token")

    def __init__(self, channel: Channel, rule: Rule) -> None:
        """Begin with what is known before any credential is looked at."""
        self.channel = channel
        self.rule = rule
        self.token: Token | None = None
        self.refusal: respond.Refusal | None = None
        self.issued = False


asked: Callable[[], Request] = request._get_current_object  # type: ignore[attr-defined]
"""The request at hand, for one look-up of the proxy where several attributes are wanted; a tenth of the time."""


def passage() -> Passage | None:
    """Return what the guard knows of the request at hand, or None where no guard stands before the application.

    Raises RuntimeError outside of a request.
    """
    return cast(Passage | None, asked().environ.get(_PASSAGE))


class Gate:
    """The guard of one application: its settings, its store and what it remembers."""

    def __init__(self, app: Flask, default: str) -> None:
        """Take the application and what holds for its undeclared routes; read the configuration at first use."""
        self._app = app
        self._default = DEFAULTS[default]
        self._rules: dict[tuple[str, str], Rule] = {}
        self._hinted = False

    @functools.cached_property
    def settings(self) -> Settings:
        """The configuration, frozen at first use."""
        return Settings.from_config(self._app.config, self._app.instance_path)

    @functools.cached_property
    def store(self) -> Store:
        """Where tokens are kept."""
        return open_store(self.settings.store)

    @functools.cached_property
    def feed(self) -> Feed:
        """What this process knows of revocations."""
        settings = self.settings
        lag, bound, grace = settings.revocation_lag, settings.revocation_bound, settings.store_grace
        return Feed(self.store, lag, bound, grace, lambda: self._verified.clear())

    @functools.cached_property
    def keys(self) -> KeyFile:
        """Our own signing keys."""
        settings = self.settings
        return KeyFile(Path(settings.key_file), settings.algorithm, settings.key_encryption_key)

    @functools.cached_property
    def audiences(self) -> list[str]:
        """The names under which this API is meant."""
        return list(self.settings.audiences) or [self.settings.issuer]

    @functools.cached_property
    def _signed(self) -> SignedTokens:
        settings = self.settings
        issuers: dict[str, tuple[Expectation, FindKey]] = {}
        for name, remote in settings.trusted_issuers.items():
            expected = Expectation(
                name,
                frozenset(remote.audiences or self.audiences),
                PROFILES[remote.profile],
                remote.longest_lifetime,
                settings.leeway,
            )
            issuers[name] = expected, RemoteKeys(remote.jwks, remote.algorithm).find
        if settings.issuer:
            own = Expectation(
                settings.issuer,
                frozenset(self.audiences),
                PROFILES["rfc9068"],
                settings.access_lifetime,
                settings.leeway,
            )
            issuers[settings.issuer] = own, lambda key_id: self.keys.ring().find(key_id)
        return SignedTokens(issuers)

    @functools.cached_property
    def _verified(self) -> Recent[bytes, Verified]:
        return Recent(self.settings.cache_size)

    # ----------------------------------------------------------------------- a request comes in

    def before_request(self) -> None:
        """Let a request through to its view, or raise the refusal that answers it."""
        at_hand = asked()
        environ = at_hand.environ
        way = environ[_PASSAGE] = Passage(transport.channel(environ, self.settings), self._rule(at_hand))
        header = environ.get("HTTP_AUTHORIZATION")
        redact.carry_anew(header)
        try:
            self._admit_transport(way, environ)
            self._admit_credential(way, way.rule, environ)
        except respond.Refusal as refusal:
            way.refusal = refusal
            raise

    def _rule(self, at_hand: Request) -> Rule:
        url_rule = at_hand.url_rule
        if url_rule is None:
            return PUBLIC  # no such route: there is nothing behind it, and Flask answers 404 or 405
        key = (url_rule.endpoint, at_hand.method)
        rule = self._rules.get(key)
        if rule is None:
            rule = self._rules[key] = rule_for(self._app, url_rule, at_hand.method, self._default)
        return rule

    def _admit_transport(self, way: Passage, environ: WSGIEnvironment) -> None:
        if way.channel is Channel.CLEAR:
            exposed = "HTTP_AUTHORIZATION" in environ or present.query_names(environ.get("QUERY_STRING", ""))
            if exposed or not way.rule.plain_http:
                self._explain_clear(environ)
                detail = "This API is served over HTTPS only."
                if exposed:
                    detail += " The credential has crossed the network in clear: replace it."
                raise respond.InsecureTransport(detail, "plain HTTP with a credential" if exposed else "plain HTTP")
        if self._app.debug and not self.settings.debug_remote and not transport.is_loopback(transport.peer(environ)):
            logger.error("in debug mode, requests from elsewhere than loopback are refused (STOPPER_DEBUG_REMOTE)")
            raise respond.Unavailable("This API is being debugged.", "debug mode and a remote peer")

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
        try:
            self._admit_credential(way, rule, asked().environ)
        except respond.Refusal as refusal:
            way.refusal = refusal
            raise

    def _admit_credential(self, way: Passage, rule: Rule, environ: WSGIEnvironment) -> None:
        if rule.access is Access.PUBLIC:
            return
        if rule.access is Access.UNDECLARED:
            logger.error("%s declares neither require nor public", request.endpoint)
            raise RuntimeError(f"{request.endpoint} declares neither guard.require() nor guard.public")
        credential = present.bearer(environ)
        if credential is None:
            if rule.access is Access.OPTIONAL:
                return
            raise respond.Unauthenticated("A bearer token is needed.", scopes=rule.scopes)
        token = self.verify(credential)
        if not rule.scopes <= token.scopes:
            raise respond.InsufficientScope("The token does not reach so far.", scopes=rule.scopes)
        way.token = token

    def verify(self, credential: str) -> Token:
        """Return the token of a credential; raise InvalidToken, or Unavailable where the store cannot be asked."""
        try:
            return self._verify(credential)
        except StoreError as error:
            logger.error("%s", error)
            raise respond.Unavailable("Tokens cannot be checked now.", "store unavailable") from None

    def _verify(self, credential: str) -> Token:
        self.feed.refresh()
        digest = opaque.digest(credential)
        verified = self._verified.get(digest)
        if verified is None or not (verified.key_still_holds is None or verified.key_still_holds()):
            signed_by_someone = "." in credential
            verified = self._verify_signed(credential) if signed_by_someone else self._find(credential, digest)
            if self.feed.ends_at_first_sight(verified.token):
                raise respond.InvalidToken("revoked")
            self._verified.put(digest, verified)
        token = verified.token
        if self.feed.ends(token):
            raise respond.InvalidToken("revoked")
        if token.expires_at <= time.time():
            raise respond.InvalidToken("expired")
        return token

    def _find(self, credential: str, digest: bytes) -> Verified:
        if not opaque.is_well_formed(credential):
            raise respond.InvalidToken("not a token of this API")
        token = self.store.find(digest)
        if token is None:
            raise respond.InvalidToken("unknown")
        return Verified(token)

    def _verify_signed(self, credential: str) -> Verified:
        try:
            return self._signed.verify(credential)
        except (JoseError, ClaimError) as error:
            raise respond.InvalidToken(str(error)) from None
        except RemoteKeysError:
            raise respond.Unavailable("Tokens cannot be checked now.", "keys of the issuer unavailable") from None

    def issue(self, wanted: Token) -> tuple[str, Token]:
        """Make a credential for a token and return both, the token with its id."""
        if self.settings.token_format == "jwt":
            token = replace(wanted, id=secrets.token_hex(16), issuer=self.settings.issuer)
            credential = signed.issue(token, self.audiences, next(iter(self.keys.ring())))
        else:
            credential, token = self._issue_opaque(wanted)
        redact.carry(credential)
        return credential, token

    def _issue_opaque(self, wanted: Token) -> tuple[str, Token]:
        while True:
            credential = opaque.generate(self.settings.token_prefix)
            token = replace(wanted, id=fingerprint(credential))
            if self.store.add(opaque.digest(credential), token):
                return credential, token

    # ----------------------------------------------------------------------- an answer goes out

    def after_request(self, response: Response) -> Response:
        """Give an answer the headers that transport, refusal and tokens ask for."""
        way = passage()
        if way is None:
            return response
        headers = response.headers
        present_already = [name.lower() for name, _ in headers]
        if "strict-transport-security" in present_already:
            del headers["Strict-Transport-Security"]
        if way.channel is Channel.TLS and self.settings.hsts:
            headers.add("Strict-Transport-Security", self.settings.hsts)  # RFC 6797 §7.2: on secure answers only
        if way.issued or way.refusal is not None:
            headers["Cache-Control"] = "no-store"  # RFC 6749 §5.1
            headers["X-Content-Type-Options"] = "nosniff"
        elif way.token is not None and "cache-control" not in present_already:
            headers.add("Cache-Control", "no-store")
        if way.refusal is not None:
            self._mark_refusal(response, way.refusal)
        return response

    def _mark_refusal(self, response: Response, refusal: respond.Refusal) -> None:
        """Keep status and challenge, whichever error handler of the application rendered the answer."""
        response.status_code = refusal.code
        if refusal.challenges:
            response.headers["WWW-Authenticate"] = refusal.challenge(self.settings.realm)
