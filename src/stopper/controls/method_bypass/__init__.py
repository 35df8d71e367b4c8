"""Another method gets past the check of credentials.

## What is wrong

An operation that refuses GET without a credential answers HEAD, or an OPTIONS request that a header turns into GET.

## Why it matters

The check looks at the method and the router decides otherwise: what one of them lets pass, the other one serves
(OWASP API2:2023, CWE-288).

## Bad

    @app.before_request
    def check():
        if request.method in ("HEAD", "OPTIONS"):
            return
        authenticate()

## Good

    @app.before_request
    def check():
        if request.method != "OPTIONS":
            authenticate()

Only the automatic answer to OPTIONS needs no credential, and no header changes a method after the check.

## References

RFC 9110 sections 9.3.2 and 9.3.7; OWASP API2:2023; CWE-288, CWE-306.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Sequence
from dataclasses import replace

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Access, Exchange, Live, Request
from stopper.observe.wire.compare import let_in, succeeded, turned_away, unstable
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT421",
    name="method_bypass",
    severity=Severity.HIGH,
    title="Another method gets past the check of credentials",
    witnesses="C A",
    requirements=("V38",),
    cwe=(288, 306),
    implied_by=("BT401", "BT601"),
)

_OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Ask a guarded GET with HEAD, and with OPTIONS that claims to be GET, without a credential; nothing writes."""
    if not live.thorough or live.request.method != "GET" or live.baseline.access is not Access.GUARDED:
        return ()
    head = yield from _head(live)
    if head is None:
        return ()
    if succeeded(head):
        return (_broken(live, "HEAD", head),)
    claimed = tuple((name, "GET") for name in _OVERRIDES)
    request = replace(live.request, method="OPTIONS").with_headers(*claimed)
    exchange = yield request
    if live.baseline.original and let_in(exchange, live.baseline) and let_in((yield request), live.baseline):
        return (_broken(live, "OPTIONS that claims to be GET", exchange),)
    if unstable(exchange):
        return ()
    message = f"{live.endpoint} asks for a credential whatever the method"
    return (Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN),)


def _head(live: Live) -> Generator[Request, Exchange, Exchange | None]:
    """Return the answer to HEAD where it says something: a refusal, or a success that no missing path is met with."""
    request = replace(live.request, method="HEAD")
    exchange = yield request
    if unstable(exchange):
        return None
    if not succeeded(exchange):
        return exchange
    nowhere = yield replace(request, url=request.url.partition("?")[0].rstrip("/") + "/" + secrets.token_hex(12))
    again = yield request
    told_apart = not unstable(nowhere) and not succeeded(nowhere)
    return again if told_apart and succeeded(again) and not turned_away(again, live.baseline) else None


def _broken(live: Live, method: str, exchange: Exchange) -> Verdict:
    return Verdict(
        kept=False,
        message=f"{live.endpoint} refuses a caller without a credential, but answers {method}",
        endpoints=(live.endpoint,),
        evidence=(evidence("let in by another method", live.baseline.nothing, exchange),),
        strength=Strength.PROVEN,
        cause="the credential check looks at the method",
    )
