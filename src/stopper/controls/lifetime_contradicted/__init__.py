"""Two places say for different times that a token lives.

## What is wrong

The answer of the token endpoint has an `expires_in` that differs from the time between `iat` and `exp` in the token
beside it; or the specification documents another `expires_in` (a `const`, a default or an example) than the answer
gives or the application is configured with.

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
from dataclasses import dataclass
from typing import Any

from stopper.model import Control, Severity, Strength, Verdict, Witness
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


@dataclass(frozen=True, slots=True)
class _Said:
    """Who says how many seconds a token lives, in words, and the witness that it was learnt from."""

    words: str
    seconds: float
    witness: Witness


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold against one another what the document, the configuration, each answer and the token in it say."""
    promised = [*_documented(view), *_configured(view)]
    answered = False
    for exchange in view.traffic:
        for told, lives in _lifetimes(exchange):
            answered = True
            seen = [_Said("its answer", told, exchange.witness)] if told is not None else []
            seen += [_Said("the token", lives, exchange.witness)] if lives is not None else []
            # An answer is what clients live by: it is held to its token first, and promises to what came of them.
            pairs = [(seen[0], seen[-1])] if len(seen) > 1 else []
            pairs += [(one, seen[-1]) for one in promised]
            yield from (_held(view, one, other, exchange) for one, other in pairs)
    if not answered and len(promised) > 1:
        yield _held(view, promised[0], promised[1], None)


def _documented(view: EndpointView) -> Iterator[_Said]:
    lifetime = view.operation.lifetime if view.operation else None
    if lifetime:
        yield _Said("the specification", lifetime[1], Witness.SPEC)


def _configured(view: EndpointView) -> Iterator[_Said]:
    if view.configured and view.operation and view.operation.issues_token:
        yield _Said(f"`{view.configured[0]}`", view.configured[1], Witness.APP)


def _held(view: EndpointView, one: _Said, other: _Said, exchange: Exchange | None) -> Verdict:
    kept = abs(one.seconds - other.seconds) <= _TOLERANCE
    message = f"{one.words} and {other.words} say alike how long tokens of {view.endpoint} live"
    if not kept:
        message = (
            f"tokens of {view.endpoint} live {one.seconds:,.0f} s as {one.words} says, and {other.seconds:,.0f} s as "
            f"{other.words} says"
        )
    return Verdict(
        kept=kept,
        message=message,
        endpoints=(view.endpoint,),
        evidence=() if kept or exchange is None else (evidence("the answer", exchange),),
        strength=Strength.PROVEN if exchange else Strength.CLAIMED,
        cause=f"how long tokens of {view.endpoint} live",
        witnesses=tuple(dict.fromkeys((one.witness, other.witness))),
    )


def _lifetimes(exchange: Exchange) -> Iterator[tuple[float | None, float | None]]:
    """Yield what an answer with an access token says and what the token says, in seconds; None where one is silent."""
    body = _body(exchange)
    if not isinstance(body.get("access_token"), str):
        return
    jwt = parse(body["access_token"])
    told = _seconds(body.get("expires_in"))
    ends, begins = (_seconds(jwt.claims.get("exp")), _seconds(jwt.claims.get("iat"))) if jwt else (None, None)
    lives = ends - begins if ends is not None and begins is not None else None
    if told is not None or lives is not None:
        yield told, lives


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
