"""A refusal repeats the token that it refuses.

## What is wrong

The presented credential, or a part of it, stands in the body or in a header of an error.

## Why it matters

Errors are what gets logged, reported and shown, by the client and by everything on the way. A token that expired a
minute ago, or one with a typing error, is close to a good one (ASVS 5.0.0 16.5.1, CWE-209).

## Bad

    return jsonify(error=f"invalid token {token}"), 401

## Good

    return jsonify(error="invalid_token"), 401

## References

ASVS 5.0.0 16.5.1 and 16.2.5; RFC 6750 section 3.1; CWE-209, CWE-532.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from urllib.parse import unquote

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.app.leaks import readable
from stopper.observe.views import Exchange, Purpose, Request, Response
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT304",
    name="token_echoed_in_error",
    severity=Severity.HIGH,
    title="A refusal repeats the token",
    witnesses="W A",
    requirements=("L07",),
    cwe=(209, 532),
    guard="respond.Refusal",
)

_SHORTEST = 16
"""Characters of a token from which on it is no accident that an answer holds them."""

_READ = 262_144


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the errors of known operations that a credential was presented to."""
    response, endpoint = exchange.response, exchange.endpoint
    if not response or response.status < 400 or not endpoint or exchange.purpose is Purpose.LOGIN:
        return
    parts = tuple(_presented(exchange.request))
    told = [f"{leak.where} {leak.form}".strip() for leak in readable(exchange, "answer")]
    if not parts and not told:
        return
    found = (place for place, text in _texts(response) if any(part in text for part in parts))
    where = next(chain(found, told), "")
    yield Verdict(
        kept=not where,
        message=f"{endpoint} repeats the token in {where}" if where else f"the errors of {endpoint} repeat no token",
        endpoints=(endpoint,),
        evidence=(evidence("the error", exchange),) if where else (),
        strength=Strength.PROVEN,
        cause="the API's way of refusing",
    )


def _presented(request: Request) -> Iterator[str]:
    """Yield the credential and its parts that are long enough to be told from words; a JWT's header names no secret."""
    token = (request.header("Authorization") or "").rpartition(" ")[2]
    segments = token.split(".")
    for part in (token, *segments[1:]):
        if len(part) >= _SHORTEST:
            yield part


def _texts(response: Response) -> Iterator[tuple[str, str]]:
    body = response.text[:_READ]
    yield "the body", body
    yield from ((f"the header {name}", unquote(value)) for name, value in response.headers)
