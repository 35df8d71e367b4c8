"""The server answers TRACE and repeats what it was sent.

## What is wrong

A TRACE (or TRACK) request is answered with the request itself, headers included.

## Why it matters

What stands in a request to be read by the server alone, a token in a header above all, comes back as content, where
scripts, logs and caches find it (RFC 9110 section 9.3.8, ASVS 5.0.0 13.4.4, CWE-200).

## Bad

    TRACE /orders HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: message/http

## Good

    HTTP/1.1 405 Method Not Allowed

## References

RFC 9110 section 9.3.8; ASVS 5.0.0 13.4.4; CWE-200.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Sequence
from dataclasses import replace

from stopper.model import Control, Scope, Severity, Strength, Verdict
from stopper.observe.views import Exchange, Live, Request
from stopper.observe.wire.compare import unstable
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT113",
    name="trace_enabled",
    severity=Severity.LOW,
    title="The server answers TRACE",
    witnesses="C",
    requirements=("T16",),
    cwe=(200,),
    scope=Scope.APPLICATION,
)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Send TRACE and TRACK with a header of our own, and no credential; it must not come back in the answer."""
    mark = secrets.token_hex(16)
    for method in ("TRACE", "TRACK"):
        exchange = yield replace(live.request, method=method).with_headers(("X-Stopper-Mark", mark))
        if unstable(exchange) or not exchange.response:
            return ()
        if exchange.response.status < 300 and mark in exchange.response.text:
            return (_verdict(live, False, f"the server answers {method} with the request itself", exchange),)
    return (_verdict(live, True, "the server does not answer TRACE with the request", None),)


def _verdict(live: Live, kept: bool, message: str, exchange: Exchange | None) -> Verdict:
    return Verdict(
        kept=kept,
        message=message,
        endpoints=(live.endpoint,),
        evidence=(evidence("the answer", exchange),) if exchange else (),
        strength=Strength.PROVEN,
        cause="the server's methods",
    )
