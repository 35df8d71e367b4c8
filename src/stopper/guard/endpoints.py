"""The endpoints of an authorization server, in one blueprint: token, revoke, introspect, keys and metadata.

    app.register_blueprint(guard.endpoints())

Clients authenticate with HTTP Basic; a public client names itself by `client_id`. A subject loader is asked about the
tokens of clients too, whose subject is the client's id. Behind Flask-WTF the blueprint must be exempt from its CSRF
check: no browser sends these requests of its own accord. Where Flask-Limiter is set up on the application, it limits
them.
"""

from __future__ import annotations

import binascii
import functools
import re
import time
import weakref
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from stopper.guard import published, redact, respond
from stopper.guard.audit import Kind
from stopper.guard.clients import GRANTS, Client, Clients, is_client_id
from stopper.guard.gate import Gate, current_gate
from stopper.guard.rules import PUBLIC, declare
from stopper.guard.store import StoreError
from stopper.guard.token import Token
from stopper.guard.tokens import as_token
from stopper.secret import fingerprint

if TYPE_CHECKING:
    from stopper.guard import Guard, TokenAnswer

LARGEST_BODY = 16_384
"""Bytes of a request's body that are read; a signed token needs one or two thousand."""

_FORM_TYPE = "application/x-www-form-urlencoded"
_BASIC = re.compile(r"(?i:basic) +([A-Za-z0-9+/]+=*)", re.ASCII)
_CREDENTIALS = ("token", "refresh_token", "client_secret")


class TokenRequestError(respond.Refusal):
    """A request that an endpoint refuses, with the error code of RFC 6749 §5.2."""

    code = 400
    challenges = False

    def __init__(self, error: str, description: str, reason: str = "") -> None:
        """Take the code and the sentence for the client, and the reason for the log."""
        super().__init__(description, reason)
        self.error = error


class InvalidClientError(TokenRequestError):
    """A client that is unknown, did not authenticate or did it wrongly: it is not told which."""

    code = 401

    def __init__(self, reason: str) -> None:
        """Take what the log is told."""
        super().__init__("invalid_client", "Client authentication failed.", reason)


@dataclass(frozen=True, slots=True)
class Call:
    """What a client asks: its form, and who it is, None where it does not say."""

    guard: Guard
    gate: Gate
    form: Mapping[str, str]
    client: Client | None

    @property
    def client_id(self) -> str:
        """The id of the client, empty for one that does not say who it is."""
        return self.client.id if self.client else ""

    @property
    def authenticated(self) -> Client:
        """The client, which has proved who it is; raises InvalidClientError for any other."""
        if self.client is None or self.client.is_public:
            raise InvalidClientError("no client authentication where it is needed")
        return self.client

    def required(self, name: str) -> str:
        """Return a parameter of the form; raise the error for one that is missing."""
        if name not in self.form:
            raise TokenRequestError("invalid_request", f"The parameter {name} is missing.")
        return self.form[name]

    def scopes(self, otherwise: frozenset[str]) -> frozenset[str]:
        """Return the scopes that are asked for (RFC 6749 §3.3)."""
        return frozenset(self.form["scope"].split(" ")) if "scope" in self.form else otherwise


Answer = Callable[[Call], Mapping[str, Any]]
View = Callable[[], Response]


def blueprint(guard: Guard, prefix: str) -> Blueprint:
    """Return the blueprint, with the endpoints below `prefix` and the metadata where RFC 8414 and RFC 9728 want it."""
    made = Blueprint("stopper", __name__)
    declare(made, PUBLIC)
    for name, answer, rate in (
        ("token", _token, "60/minute"),
        ("revoke", _revoke, "60/minute"),
        ("introspect", _introspect, "6000/minute"),
    ):
        view = _limited(_answering(guard, answer), rate)
        made.add_url_rule(f"{prefix}/{name}", name, view, methods=["POST"])
    published.add_to(made, prefix)
    made.register_error_handler(429, _too_many)
    return made


def _limited(view: View, rate: str) -> View:
    """Let each Flask-Limiter of the application limit a view by its own key (ASVS 16.3.3).

    They are asked for at the first call, as they may be set up before the blueprint is registered or after it.
    """
    views: weakref.WeakKeyDictionary[Flask, View] = weakref.WeakKeyDictionary()

    @functools.wraps(view)
    def limited() -> Response:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        if app not in views:
            limiters = app.extensions.get("limiter", ())
            views[app] = functools.reduce(lambda made, limiter: limiter.limit(rate)(made), limiters, view)
        return views[app]()

    return limited


def _too_many(error: Exception) -> Response:
    response = _uncached({"error": "slow_down", "error_description": "Too many requests."}, 429)
    response.headers["Retry-After"] = "60"
    return response


# --------------------------------------------------------------------------- requests of clients


def _answering(guard: Guard, answer: Answer) -> View:
    """Return a view that reads form and client for an answer, and writes refusals as RFC 6749 §5.2 has them."""

    @functools.wraps(answer)
    def view() -> Response:
        gate = current_gate()
        try:
            form = _form()
            return _uncached(answer(Call(guard, gate, form, _client(gate, form))), 200)
        except StoreError:
            return _refuse(gate, respond.Unavailable("Try again later.", "store unavailable"))
        except respond.Refusal as refusal:
            return _refuse(gate, refusal)

    return view


def _refuse(gate: Gate, refusal: respond.Refusal) -> Response:
    if not isinstance(refusal, respond.InvalidGrant):  # which is recorded where it is raised
        gate.recorder.record(Kind.REFUSED, token_id=_presented(), reason=refusal.reason)
    error = refusal.error or "temporarily_unavailable"
    response = _uncached({"error": error, "error_description": refusal.description}, refusal.code)
    if refusal.nonce:
        response.headers["DPoP-Nonce"] = refusal.nonce  # RFC 9449 §8
    if refusal.code == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="clients"'  # RFC 6749 §5.2
    return response


def _uncached(body: Mapping[str, Any], status: int) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})  # RFC 6749 §5.1
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _form() -> Mapping[str, str]:
    """Return the parameters of the body, each of which may be there once (RFC 6749 §3.2)."""
    if request.query_string:
        raise TokenRequestError("invalid_request", "Parameters belong in the body.", "parameters in the query")
    request.max_content_length = LARGEST_BODY
    if request.mimetype != _FORM_TYPE:
        raise TokenRequestError("invalid_request", "The body must be a form.")
    try:
        form = request.form
    except RequestEntityTooLarge:
        raise TokenRequestError("invalid_request", "The body is too long.") from None
    for name in _CREDENTIALS:
        for value in form.getlist(name):
            redact.carry(value)
    if any(len(values) > 1 for _, values in form.lists()):
        raise TokenRequestError("invalid_request", "A parameter is repeated.")
    return {name: value for name, value in form.items() if value}


def _presented() -> str:
    """Return the fingerprint of the credential that the form carries, empty where there is none to be had."""
    try:
        form = request.form if request.mimetype == _FORM_TYPE else {}
    except RequestEntityTooLarge:
        return ""
    return next((fingerprint(form[name]) for name in _CREDENTIALS if name in form), "")


def _client(gate: Gate, form: Mapping[str, str]) -> Client | None:
    """Return the client that calls, or None for one that does not say.

    Raises InvalidClientError for one that cannot prove who it is.
    """
    header, named, registry = request.headers.get("Authorization"), form.get("client_id"), clients_of(gate)
    if "client_secret" in form:
        raise TokenRequestError("invalid_request", "A secret belongs in the Authorization header.")
    if header is None:
        client = registry.find(named) if named else None
        if named and (client is None or not client.is_public):
            raise InvalidClientError("an unknown client, or one that has to authenticate")
        return client
    client_id, secret = _basic(header)
    if named not in (None, client_id):
        raise TokenRequestError("invalid_request", "Two clients are named.")
    client = registry.authenticate(client_id, secret, time.time())
    if client is None:
        raise InvalidClientError(f"wrong secret for {client_id}" if is_client_id(client_id) else "no id of a client")
    return client


def _basic(header: str) -> tuple[str, str]:
    """Return id and secret of HTTP Basic, each form-encoded before (RFC 6749 §2.3.1)."""
    found = _BASIC.fullmatch(header)
    try:
        pair = b64decode(found[1], validate=True).decode("ascii") if found else ""
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    client_id, colon, secret = pair.partition(":")
    if not colon:
        raise InvalidClientError("malformed client authentication")
    redact.carry(secret)
    return unquote_plus(client_id), unquote_plus(secret)


def clients_of(gate: Gate) -> Clients:
    """Return the registry of an application's clients."""
    return Clients(gate.tokens.store, gate.settings.token_prefix, gate.settings.peppers)


# --------------------------------------------------------------------------- token, revoke, introspect


def _token(call: Call) -> TokenAnswer:
    """Hand out a token for a grant."""
    grant = call.required("grant_type")
    if grant not in GRANTS:
        raise TokenRequestError("unsupported_grant_type", "This grant is not offered.")
    if call.client is not None and grant not in call.client.grants:
        raise TokenRequestError("unauthorized_client", "The client may not use this grant.")
    return _client_credentials(call) if grant == "client_credentials" else _renew(call)


def _client_credentials(call: Call) -> TokenAnswer:
    """Hand out a token of the client's own, without a refresh token (RFC 6749 §4.4)."""
    client = call.authenticated
    scopes = call.scopes(otherwise=client.scopes)
    if not scopes <= client.scopes:
        raise TokenRequestError("invalid_scope", "The client may not have this scope.")
    return call.guard.issue(client.id, scopes, client=client.id)


def _renew(call: Call) -> TokenAnswer:
    """Exchange a refresh token; the new access token may be asked to have fewer scopes (RFC 6749 §6)."""
    scopes = call.form["scope"].split(" ") if "scope" in call.form else None
    return call.guard.renew(call.required("refresh_token"), scopes=scopes, client=call.client_id)


def _revoke(call: Call) -> Mapping[str, Any]:
    """End a token of the caller's with its family; one that is unknown has ended already (RFC 7009 §2.2)."""
    token = found(call.gate, call.required("token"))
    if token is None:
        return {}
    if not is_ours(call.gate, token):
        raise TokenRequestError("unsupported_token_type", "The token is another issuer's.")
    if token.client != call.client_id:
        raise TokenRequestError("invalid_grant", "The token is another client's.")
    call.guard.revoke(token)
    return {}


def _introspect(call: Call) -> Mapping[str, Any]:
    """Tell a client that may ask what an access token is worth; of any other it learns nothing (RFC 7662 §2.2).

    A refresh token is not active here: no resource may take one for an access token.
    """
    gate = call.gate
    if not call.authenticated.introspects:
        raise TokenRequestError("unauthorized_client", "The client may not ask about tokens.")
    try:
        token = verified(gate, call.required("token"))
        gate.subject_of(token)
    except respond.InvalidToken:
        return {"active": False}
    return introspected(gate, token) if is_ours(gate, token) else {"active": False}


def introspected(gate: Gate, token: Token) -> Mapping[str, Any]:
    """Return what is told of a good token of ours (RFC 7662 §2.2)."""
    members = {
        "active": True,
        "token_type": token.type,
        "client_id": token.client,
        "sub": token.subject,
        "iss": token.issuer,
        "aud": sorted(token.audiences) or [name for name in gate.tokens.audiences if name],
        "exp": int(token.expires_at),
        "iat": int(token.issued_at),
        "jti": token.id,
        "cnf": dict(token.confirmation),  # RFC 9449 §6.2, RFC 8705 §3.2
    }
    return {**{name: value for name, value in members.items() if value}, "scope": " ".join(sorted(token.scopes))}


def found(gate: Gate, credential: str) -> Token | None:
    """Return the access or refresh token of a credential, the latter as revocations see it, or None."""
    refresh = gate.tokens.find_refresh(credential)
    if refresh is not None:
        return as_token(refresh, credential)
    try:
        return verified(gate, credential)
    except respond.InvalidToken:
        return None


def verified(gate: Gate, credential: str) -> Token:
    """Return the access token of a text, which may be anything; raise InvalidToken for one that is not valid."""
    if not credential.isascii():
        raise respond.InvalidToken("not a token of this API")
    return gate.tokens.verify(credential)


def is_ours(gate: Gate, token: Token) -> bool:
    """Tell whether a token was issued here."""
    return token.issuer in ("", gate.settings.issuer)
