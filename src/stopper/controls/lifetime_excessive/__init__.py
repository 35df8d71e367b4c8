"""A token lives longer than is needed.

## What is wrong

An access token is good for more than a day, a refresh token for more than thirty, or the caller says for how long.

## Why it matters

A stolen token works until it ends: its lifetime is how long a thief has, and a JWT without a look-up cannot be ended at
all. RFC 6750 section 5.3 asks for an hour or less, which is what the guard gives. What lies between an hour and a day
may have been chosen with care, and is not reported (RFC 9700 section 4.14, ASVS 5.0.0 7.3.2, CWE-613).

## Bad

    JWT_ACCESS_TOKEN_EXPIRES = timedelta(days=30)

    jwt.encode({"sub": user.id, "exp": datetime.now(UTC) + timedelta(days=7)}, key, algorithm="HS256")

## Good

    JWT_ACCESS_TOKEN_EXPIRES = timedelta(minutes=30)

    guard.issue(subject=user.id)        # one hour, with a refresh token that rotates

## References

RFC 6750 section 5.3; RFC 9700 section 4.14; ASVS 5.0.0 7.3.1, 7.3.2; CWE-613.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

from stopper.controls.lifetime_excessive.lives import chosen_by_caller, lives
from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.app.extensions import JWT_EXTENDED
from stopper.observe.source import Module
from stopper.observe.source.flows import place
from stopper.observe.views import AppSnapshot, Exchange, Operation, Response
from stopper.observe.wire.answers import issued
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.jwt import parse

CONTROL = Control(
    id="BT502",
    name="lifetime_excessive",
    severity=Severity.MEDIUM,
    title="A token lives longer than is needed",
    witnesses="P W S A",
    requirements=("V14", "S08"),
    labels=("token_no_exp",),
    cwe=(613,),
    guard="Guard.issue",
)

_DAY = 86_400
_ALLOWED = 60
"""Seconds that a lifetime may be longer: `timedelta(days=1, seconds=5)` allows for clocks, and is meant as a day."""
ACCESS = _DAY + _ALLOWED
REFRESH = 30 * _DAY + _ALLOWED
_REFRESHES = frozenset({"refresh", "refresh_token", "offline"})


def spec(operation: Operation) -> Iterable[Verdict]:
    """Look at the `expires_in` that the document gives the answers of an operation that issues tokens."""
    if operation.lifetime:
        line, seconds = operation.lifetime
        message = f"the specification documents that a token of {operation.endpoint} lives {_told(seconds)}"
        yield Verdict(seconds <= ACCESS, message, line, (operation.endpoint,))


_SETTINGS = (("JWT_ACCESS_TOKEN_EXPIRES", "a token", ACCESS), ("JWT_REFRESH_TOKEN_EXPIRES", "a refresh token", REFRESH))


def app(snapshot: AppSnapshot) -> Iterable[Verdict]:
    """Look at the lifetimes that Flask-JWT-Extended is configured with, in seconds."""
    for name, what, most in _SETTINGS if JWT_EXTENDED in snapshot.extensions else ():
        seconds = snapshot.config.get(name)
        if isinstance(seconds, int | float) and not isinstance(seconds, bool):
            kept = seconds <= most
            message = f"by `{name}` {what} lives {_told(seconds)}"
            yield Verdict(kept, message, snapshot.place, strength=Strength.PROVEN, cause=name)


def source(module: Module) -> Iterable[Verdict]:
    """Look at settings of lifetimes, and at the expiry of every token that is made."""
    if not module.mentions("token", "jwt", "lifespan"):
        return
    for life in lives(module):
        most = REFRESH if life.refresh else ACCESS
        message = f"{life.what} lives {_told(life.seconds)}"
        if life.seconds <= most:
            yield Verdict(True, message, place(module, life.node))
        else:
            message = f"{message}, {_told(most)} at most is needed"
            yield Verdict(False, message, place(module, life.node), module.endpoints(life.node))
    for node, what in chosen_by_caller(module):
        message = f"the caller chooses how long {what} lives"
        yield Verdict(False, message, place(module, node), module.endpoints(node))


def _told(seconds: float) -> str:
    """Return a duration in words: in the largest unit that is right to a tenth."""
    units = (("day", _DAY), ("hour", 3600), ("minute", 60), ("second", 1))
    unit, count = next(
        ((unit, seconds / size) for unit, size in units if abs(round(seconds / size) * size - seconds) < seconds / 10),
        ("second", seconds),
    )
    return f"{count:,.0f} {unit}{'' if round(count) == 1 else 's'}"


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at exp and iat of every JWT that an answer hands out, and at `expires_in` beside an opaque token."""
    if not exchange.endpoint or exchange.response is None:
        return
    for seconds, refresh in (*_of_tokens(exchange), *_of_answer(exchange.response)):
        most = REFRESH if refresh else ACCESS
        kept = seconds <= most
        what = "a refresh token" if refresh else "a token"
        yield Verdict(
            kept=kept,
            message=f"{exchange.endpoint} issues {what} that lives {_told(seconds)}",
            endpoints=(exchange.endpoint,),
            evidence=() if kept else (evidence("a token with a long life", exchange),),
            strength=Strength.PROVEN,
            cause=f"how long {what} lives",
        )


def _of_tokens(exchange: Exchange) -> Iterator[tuple[float, bool]]:
    refreshing = _refresh_tokens(exchange.response)
    for token in issued(exchange):
        jwt = parse(token)
        ends, begins = (jwt.claims.get("exp"), jwt.claims.get("iat", _answered(exchange))) if jwt else (None, None)
        if jwt and isinstance(ends, int | float) and isinstance(begins, int | float) and ends > begins:
            told = {str(jwt.claims.get(name)).lower() for name in ("type", "typ", "token_use", "token_type")}
            yield ends - begins, token in refreshing or not _REFRESHES.isdisjoint(told)


def _answered(exchange: Exchange) -> float | None:
    """Return when the answer was made by the server's own clock (RFC 9110 section 6.6.1): then a token begins too."""
    try:
        return parsedate_to_datetime((exchange.response and exchange.response.header("Date")) or "").timestamp()
    except ValueError:
        return None


def _of_answer(response: Response) -> Iterator[tuple[float, bool]]:
    body = _body(response)
    life = body.get("expires_in")
    if "access_token" in body and isinstance(life, int | float) and not isinstance(life, bool) and life > 0:
        yield life, False


def _refresh_tokens(response: Response | None) -> frozenset[str]:
    body = _body(response) if response else {}
    return frozenset(str(value) for name, value in body.items() if "refresh" in name.lower())


def _body(response: Response) -> dict[str, Any]:
    try:
        body = json.loads(response.body) if 200 <= response.status < 300 and response.body[:1] == b"{" else {}
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
