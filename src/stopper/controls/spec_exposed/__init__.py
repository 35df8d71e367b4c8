"""The API's own description or its metrics are served to anyone.

## What is wrong

A caller without a credential gets the specification of a guarded API, or its metrics, from their usual places.

## Why it matters

It is a map of every operation, with those that nobody advertises; metrics tell paths, versions and load. Where that is
meant, it is fine; it is often left from development (ASVS 5.0.0 13.4.5).

## Bad

    GET /openapi.json HTTP/1.1

    HTTP/1.1 200 OK

## Good

    HTTP/1.1 401 Unauthorized

## References

ASVS 5.0.0 13.4.5; OWASP API9:2023; CWE-200, CWE-497.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Sequence
from urllib.parse import urlsplit

from stopper.model import Control, Scope, Severity, Strength, Verdict
from stopper.observe.views import Access, Exchange, Live, Request, Response
from stopper.observe.wire.compare import unstable
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT614",
    name="spec_exposed",
    severity=Severity.ADVICE,
    title="The API's description or metrics are served to anyone",
    witnesses="C",
    requirements=("L10",),
    cwe=(200, 497),
    scope=Scope.APPLICATION,
)

_PATHS = ("/openapi.json", "/swagger.json", "/metrics")
_METRICS = re.compile(rb"^# (?:HELP|TYPE) \w+ ", re.MULTILINE)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Ask without a credential for the specification and the metrics of an API that guards its operations."""
    if live.baseline.access is not Access.GUARDED:
        return ()
    base = urlsplit(live.request.url)
    for path in _PATHS:
        exchange = yield Request("GET", f"{base.scheme}://{base.netloc}{path}")
        if unstable(exchange) or not exchange.response:
            return ()
        what = _served(exchange.response)
        if what:
            return (_verdict(live, False, f"{path} serves {what} to anyone", exchange),)
    return (_verdict(live, True, "neither specification nor metrics are served at the usual places", None),)


def _served(response: Response) -> str:
    if response.status != 200:
        return ""
    if _METRICS.search(response.body):
        return "metrics"
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        return ""
    described = isinstance(document, dict) and ("openapi" in document or "swagger" in document)
    return "the specification" if described and isinstance(document.get("paths"), dict) else ""


def _verdict(live: Live, kept: bool, message: str, exchange: Exchange | None) -> Verdict:
    return Verdict(
        kept=kept,
        message=message,
        endpoints=(live.endpoint,),
        evidence=(evidence("the answer", exchange),) if exchange else (),
        strength=Strength.PROVEN,
        cause="what is served to anyone",
    )
