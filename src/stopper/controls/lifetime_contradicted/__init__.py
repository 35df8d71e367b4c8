"""An answer says that a token lives for another time than the token itself.

## What is wrong

The answer of the token endpoint has an `expires_in` that differs from the time between `iat` and `exp` in the token
beside it.

## Why it matters

Clients renew by `expires_in`, the API refuses by `exp`. Where the answer promises more, calls fail in the middle of
work and are repeated; where it promises less, a token that everybody takes for dead still opens the API. And it shows
that nobody decided how long a token lives.

## Bad

    {"access_token": "(exp is iat + 86400)", "expires_in": 3600}

## Good

    {"access_token": "(exp is iat + 3600)", "expires_in": 3600}

## References

RFC 6749 section 5.1; RFC 7519 sections 4.1.4 and 4.1.6; CWE-613.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import EndpointView, Exchange
from stopper.observe.wire.compare import succeeded
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.jwt import parse

CONTROL = Control(
    id="BT612",
    name="lifetime_contradicted",
    severity=Severity.LOW,
    title="Two lifetimes for one token",
    witnesses="J",
    requirements=("V14",),
    cwe=(613,),
    guard="Guard.issue",
)

_TOLERANCE = 60.0
"""Seconds by which the two may differ: clocks are rounded, and a token may not be new when it is handed out."""


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold `expires_in` of each answer against the token beside it."""
    for exchange in view.traffic:
        for told, lives in _lifetimes(exchange):
            kept = abs(told - lives) <= _TOLERANCE
            message = f"{view.endpoint} says of its token how long it lives"
            if not kept:
                message = f"{view.endpoint} says that its token lives {told:,.0f} s, and it lives {lives:,.0f} s"
            yield Verdict(
                kept=kept,
                message=message,
                endpoints=(view.endpoint,),
                evidence=() if kept else (evidence("the answer", exchange),),
                strength=Strength.PROVEN,
                cause=f"how long tokens of {view.endpoint} live",
                witnesses=(exchange.witness,),
            )


def _lifetimes(exchange: Exchange) -> Iterator[tuple[float, float]]:
    """Yield what an answer says and what its access token says, in seconds."""
    body = _body(exchange)
    jwt = parse(body["access_token"]) if isinstance(body.get("access_token"), str) else None
    told = _seconds(body.get("expires_in"))
    ends, begins = (_seconds(jwt.claims.get("exp")), _seconds(jwt.claims.get("iat"))) if jwt else (None, None)
    if told is not None and ends is not None and begins is not None:
        yield told, ends - begins


def _body(exchange: Exchange) -> dict[str, Any]:
    if not succeeded(exchange) or exchange.response is None:
        return {}
    try:
        body = json.loads(exchange.response.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(value: object) -> float | None:
    """Return a number of seconds; some servers write it as text (RFC 6749 appendix A.14 wants a number)."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 16:
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
