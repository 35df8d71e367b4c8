"""From a request to the payload of the token that it presents, with the guard's verification in between."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from flask import request

from stopper.guard import present, redact
from stopper.guard.audit import Kind
from stopper.guard.compat.flask_jwt_extended import exceptions as errors
from stopper.guard.compat.flask_jwt_extended.manager import State
from stopper.guard.compat.old import ChangeOverEnded
from stopper.guard.gate import Gate, current_gate, passage
from stopper.guard.respond import InvalidRequest, InvalidToken
from stopper.guard.token import Token
from stopper.guard.tokens import as_token
from stopper.secret import fingerprint

HEADER: Mapping[str, Any] = MappingProxyType({"typ": "opaque"})
"""What callbacks get for the header of a token: a random one has none."""

_UNREADABLE = "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'"
_NO_TOKEN = "The token is not valid"
_WRONG_KIND = {"access": "Only non-refresh tokens are allowed", "refresh": "Only refresh tokens are allowed"}
_NO_BEARER = "Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'"


def access_payload(state: State) -> dict[str, Any]:
    """Return the payload of the access token that the request presents; raise a JWTExtendedException without one."""
    return _admitted(state, "access")


def refresh_payload(state: State) -> dict[str, Any]:
    """Return the payload of the refresh token that the request presents; raise a JWTExtendedException without one."""
    return _admitted(state, "refresh")


def decoded(credential: str, state: State) -> dict[str, Any]:
    """Return the payload of an access or refresh token; raise a JWTExtendedException for one that is not good."""
    redact.carry(credential)
    gate, kind = current_gate(), "refresh"
    try:
        token = _refresh(gate, state, credential)
        if token is None:
            kind = "access"
            token = _access(gate, credential)
    except InvalidToken as refusal:
        raise _judged(refusal, kind, state) from None
    except InvalidRequest:
        raise errors.JWTDecodeError(_NO_TOKEN) from None
    return _payload(token, kind, state)


def _admitted(state: State, wanted: str) -> dict[str, Any]:
    """Return the payload of the request's token, of the wanted kind; tell the audit of one that is refused."""
    gate, way = current_gate(), passage()
    present.check_query(request.environ.get("QUERY_STRING", ""))
    credential, kind = _credential(), "refresh"
    try:
        token = _refresh(gate, state, credential)
        if token is None:
            kind = "access"
            token = _access(gate, credential)
        subject = gate.subject_of(token)
    except InvalidToken as refusal:
        gate.recorder.record(Kind.REFUSED, refusal.token, fingerprint(credential), refusal.reason)
        raise _judged(refusal, kind, state) from None
    if kind != wanted:
        gate.recorder.record(Kind.REFUSED, token, reason=f"{kind} token in place of the other kind")
        raise errors.WrongTokenError(_WRONG_KIND[wanted])
    if way is not None:
        way.token, way.subject = token, subject
    return _payload(token, kind, state)


def _credential() -> str:
    """Return the credential of the Authorization header."""
    header = request.environ.get("HTTP_AUTHORIZATION", "").strip()
    if not header:
        raise errors.NoAuthorizationError("Missing Authorization Header")
    try:
        credential = present.bearer(header)
        if credential is None:
            raise errors.NoAuthorizationError(_NO_BEARER)
        present.check_grammar(credential)
    except InvalidRequest as refusal:
        current_gate().recorder.record(Kind.REFUSED, reason=refusal.reason)
        raise errors.InvalidHeaderError(_UNREADABLE) from None
    redact.carry(credential)
    return credential


def _access(gate: Gate, credential: str) -> Token:
    """Return an access token; raise InvalidToken. It is remembered, as the guard itself does."""
    token = gate.tokens.bearers.token(f"Bearer {credential}")
    if token is None:
        raise InvalidToken("not a token of this API")
    return token


def _refresh(gate: Gate, state: State, credential: str) -> Token | None:
    """Return a refresh token, ours or an old one, None for what is none; raise InvalidToken where it has ended."""
    if "." in credential:
        token = state.old_refresh(credential)
    elif f"{gate.settings.token_prefix}_r_" in credential:
        token = _own_refresh(gate, credential)
    else:
        token = None
    if token is not None and gate.tokens.store.is_revoked(token):
        raise InvalidToken("revoked", token)
    return token


def _own_refresh(gate: Gate, credential: str) -> Token | None:
    refresh = gate.tokens.find_refresh(credential)
    if refresh is None:
        return None
    token = replace(as_token(refresh, credential), claims=refresh.claims)
    if min(refresh.expires_at, refresh.idle_until) <= time.time():
        raise InvalidToken("expired", token)
    return token


def _judged(refusal: InvalidToken, kind: str, state: State) -> errors.JWTExtendedException:
    """Return the exception that applications know for a token that the guard refuses.

    A well-formed token that is unknown has been purged: clients refresh where they learn that theirs has expired.
    """
    token = refusal.token
    payload = _payload(token, kind, state) if token else {}
    if refusal.reason == "revoked":
        return errors.RevokedTokenError("Token has been revoked", HEADER, payload)
    if refusal.reason in ("expired", "unknown") or isinstance(refusal, ChangeOverEnded):
        return errors.ExpiredTokenError("Token has expired", HEADER, payload)
    return errors.JWTDecodeError(_NO_TOKEN)


def _payload(token: Token, kind: str, state: State) -> dict[str, Any]:
    """Return what a JWT of this token would say."""
    issued_at = int(token.issued_at)
    return {
        "fresh": False,
        **token.claims,
        "type": kind,
        "jti": token.id,
        state.configuration.identity_claim: token.subject,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": int(token.expires_at),
    }
