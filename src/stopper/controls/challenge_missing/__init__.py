"""A refusal does not say how to authenticate.

## What is wrong

The API answers 401 without a `WWW-Authenticate: Bearer` header, or names an error code to a caller who sent no token.

## Why it matters

HTTP demands the header on every 401 (RFC 9110 section 15.5.2) and RFC 6750 section 3 its form. Clients and libraries
decide by it whether to refresh a token, ask for another scope, or give up; without it they guess, retry, or try the
token elsewhere. An error code where no token was sent tells strangers more than they need (section 3.1).

## Bad

    return {"error": "unauthorized"}, 401

## Good

    return {"error": "unauthorized"}, 401, {"WWW-Authenticate": 'Bearer realm="shop"'}

The guard answers so by itself.

## References

RFC 6750 sections 3 and 3.1; RFC 9110 sections 11.6.1 and 15.5.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Exchange, Purpose
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT418",
    name="challenge_missing",
    severity=Severity.LOW,
    title="A 401 without a Bearer challenge",
    witnesses="W A",
    requirements=("B05", "B06"),
    cwe=(287,),
    guard="respond.Refusal",
)

_BEARER = re.compile(r"(?:^|,)\s*(?:bearer|dpop)(?:\s|,|$)", re.IGNORECASE)
_ERROR = re.compile(r"(?:^|[\s,])error\s*=", re.IGNORECASE)


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at every 401 of a known operation; a login that failed and a path that does not exist are no refusals."""
    response = exchange.response
    if not response or response.status != 401 or not exchange.endpoint or exchange.purpose is Purpose.LOGIN:
        return
    challenge = ", ".join(response.all_headers("WWW-Authenticate"))
    endpoint = exchange.endpoint
    if not _BEARER.search(challenge):
        said = "another challenge" if challenge else "no WWW-Authenticate header"
        yield _verdict(exchange, False, f"{endpoint} answers 401 with {said}")
    elif exchange.purpose is Purpose.NOTHING and _ERROR.search(challenge):
        yield _verdict(exchange, False, f"{endpoint} names an error code to a caller who sent no token")
    else:
        yield _verdict(exchange, True, f"{endpoint} answers 401 with a Bearer challenge")


def _verdict(exchange: Exchange, kept: bool, message: str) -> Verdict:
    return Verdict(
        kept=kept,
        message=message,
        endpoints=(exchange.endpoint,) if exchange.endpoint else (),
        evidence=() if kept else (evidence("the refusal", exchange),),
        strength=Strength.PROVEN,
        cause="the API's way of refusing",
    )
