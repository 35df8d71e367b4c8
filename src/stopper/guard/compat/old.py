"""Tokens in circulation: what another library handed out is accepted until a date, and never issued again.

    accept_old(app, signed_jwt(secret), until=date(2027, 3, 1))

Each is told to the audit as it is first seen, so that it shows when nobody presents one any more.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask
from itsdangerous import BadData, URLSafeTimedSerializer

from stopper.guard import jose
from stopper.guard.audit import Kind
from stopper.guard.gate import EXTENSION, Gate
from stopper.guard.jose import JoseError
from stopper.guard.keys import Key, RefusedKeyError, from_jwk
from stopper.guard.respond import InvalidToken
from stopper.guard.settings import ConfigurationError
from stopper.guard.token import LONGEST_NAME, Token, kept_name
from stopper.secret import Secret, fingerprint

Verify = Callable[[str], Token | None]
"""Returns the token of a credential that an old key signed, None for anything else; it may have expired."""

Scopes = Callable[[Any], Iterable[str]]
"""Returns the scopes that the payload of an old token stands for."""

LONGEST_CHANGE = timedelta(days=366)
"""How far ahead the end may be: what has no near end is no change-over."""

SHORTEST_SECRET = 16
"""Bytes of the secret of an old serializer."""

NEVER = float(2**40)


class ChangeOverEnded(InvalidToken):
    """An old token after the date until which old ones were accepted."""


def accept_old(app: Flask, verify: Verify, *, until: date) -> None:
    """Let a guarded application accept old access tokens until the beginning of a day (UTC), or until a moment.

    Raises ConfigurationError for an end that is more than a year away or a moment without time zone.
    """
    _gate(app).tokens.old.append(limited(app, verify, until=until))


def limited(app: Flask, verify: Verify, *, until: date) -> Verify:
    """Return a verifier that ends at a date, and that tells the audit of each old token that it has accepted."""
    end = _moment(until)
    gate = _gate(app)

    def accepted(credential: str) -> Token | None:
        token = verify(credential)
        if token is None:
            return None
        now = time.time()
        if token.expires_at <= now:
            raise InvalidToken("expired", token)
        if end <= now:
            raise ChangeOverEnded("an old token after the change-over", token)
        gate.recorder.record(Kind.OLD_ACCEPTED, token)
        return replace(token, expires_at=min(token.expires_at, end))

    return accepted


def _gate(app: Flask) -> Gate:
    gate = app.extensions.get(EXTENSION)
    if not isinstance(gate, Gate):
        raise ConfigurationError("no guard stands before this application: call guard.init_app(app) before")
    return gate


def _moment(until: date) -> float:
    moment = until if isinstance(until, datetime) else datetime(until.year, until.month, until.day, tzinfo=UTC)
    if moment.tzinfo is None:
        raise ConfigurationError("the end of the change-over needs a time zone")
    if moment > datetime.now(UTC) + LONGEST_CHANGE:
        raise ConfigurationError("the end of the change-over is more than a year away")
    return moment.timestamp()


# --------------------------------------------------------------------------- verifiers


def _no_scopes(payload: Any) -> Iterable[str]:
    return ()


def signed_jwt(
    secret: str | Secret,
    algorithm: str = "HS256",
    kind: str = "access",
    *,
    identity_claim: str = "sub",
    scopes: Scopes = _no_scopes,
) -> Verify:
    """Return what verifies the old JWTs of Flask-JWT-Extended: those of one kind, `access` or `refresh`.

    Raises ConfigurationError for a secret that is too short (RFC 7518 §3.2), and for another algorithm than HMAC.
    """
    key = _hmac_key(secret.reveal() if isinstance(secret, Secret) else secret, algorithm)

    def verify(credential: str) -> Token | None:
        try:
            members = jose.json_object(jose.verified(jose.parse(credential), key))
        except JoseError:
            return None
        if members.get("type") != kind:
            return None
        token = _token(credential, members, identity_claim)
        return token and replace(token, scopes=frozenset(scopes(members)))

    return verify


def _hmac_key(secret: str, algorithm: str) -> Key:
    if algorithm not in ("HS256", "HS384", "HS512"):
        raise ConfigurationError(f"old tokens are verified with HS256, HS384 or HS512, and not with {algorithm}")
    try:
        return from_jwk({"kty": "oct", "k": urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()}, algorithm)
    except RefusedKeyError as error:
        raise ConfigurationError(f"old tokens cannot be told from forged ones: {error}") from None


_OWN = frozenset(("sub", "exp", "nbf", "iat", "jti", "iss", "aud", "cnf", "scope"))


def _token(credential: str, members: Mapping[str, Any], identity_claim: str) -> Token | None:
    """Return the token that verified claims make, None for one that is not valid yet or names nobody."""
    subject = _subject(members.get(identity_claim))
    issued_at, expires_at = _number(members, "iat", 0.0), _number(members, "exp", NEVER)
    if not subject or _number(members, "nbf", 0.0) > time.time() + 1:
        return None
    identifier = members.get("jti")
    return Token(
        id=kept_name(identifier) if isinstance(identifier, str) and identifier else fingerprint(credential),
        subject=subject,
        scopes=frozenset(),
        issued_at=issued_at,
        expires_at=expires_at,
        claims={name: members[name] for name in members.keys() - _OWN - {identity_claim}},
        authenticated_at=issued_at if members.get("fresh") is True else 0.0,
    )


def _subject(value: object) -> str:
    """Return the text of an identity, which may have been a number; empty for what is none."""
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return text if len(text) <= LONGEST_NAME and text.isprintable() else ""


def _number(members: Mapping[str, Any], name: str, missing: float) -> float:
    value = members.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0.0  # which has expired long ago
    return float(value)


def signed_value(
    serializer: URLSafeTimedSerializer,
    *,
    max_age: int,
    subject: Callable[[Any], object] = lambda payload: payload,
    scopes: Scopes = _no_scopes,
) -> Verify:
    """Return what verifies the old values of an itsdangerous serializer; `subject` finds whose a payload is.

    They live for `max_age` seconds, as they did where they were read before. An `exp` in the payload,
    as Flask-Security writes it, ends the value too, and 0 says nothing. Raises ConfigurationError for a secret that is
    too short.
    """
    if any(len(key) < SHORTEST_SECRET for key in serializer.secret_keys):
        raise ConfigurationError(f"old values cannot be told from forged ones: a key under {SHORTEST_SECRET} bytes")

    def verify(credential: str) -> Token | None:
        try:
            payload, signed_at = serializer.loads(credential, return_timestamp=True)
            name = _subject(subject(payload))
        except (BadData, LookupError, TypeError, AttributeError):
            return None
        if not name:
            return None
        members = payload if isinstance(payload, dict) else {}
        issued_at = signed_at.timestamp()
        return Token(
            id=fingerprint(credential),
            subject=name,
            scopes=frozenset(scopes(payload)),
            issued_at=issued_at,
            expires_at=min(issued_at + max_age, _number(members, "exp", NEVER) or NEVER),
            claims={key: members[key] for key in members.keys() - _OWN},
        )

    return verify
