"""A protected operation answers a caller who sends nothing.

## What is wrong

An operation that is meant to be protected (the specification says so, or its neighbours in the code are guarded)
answers without a credential.

## Why it matters

It is the commonest way into an API: one decorator forgotten, one blueprint registered without its hook. Nothing has to
be broken to read what lies behind it (OWASP API2:2023, CWE-306).

## Bad

    @bp.get("/orders")
    @token_required
    def orders(): ...

    @bp.get("/orders/export")       # forgotten
    def export(): ...

## Good

    guard = Guard(app)              # every route demands a token unless it is @guard.public

## References

OWASP API Security Top 10 2023, API2 and API5; ASVS 5.0.0 8.3.1; CWE-306.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

from stopper.model import Control, Scope, Severity, Strength, Verdict
from stopper.observe.views import Access, Baseline, EndpointView, Exchange, Live, Request
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT401",
    name="authentication_missing",
    severity=Severity.CRITICAL,
    title="A protected operation answers without a credential",
    witnesses="C S A J",
    requirements=("B16",),
    labels=("missing_auth",),
    cwe=(306,),
    implied_by=("BT601",),
    guard="Guard.require",
    scope=Scope.OPERATION,
)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Judge the door of an operation that the specification protects; the answers are there already."""
    yield from ()
    if not live.operation or not live.operation.protected:
        return ()
    if live.baseline.access is Access.OPEN:
        message = f"{live.endpoint} answers a caller who sends no credential"
        return (_open(live.baseline, message, Strength.PROVEN),)
    message = f"{live.endpoint} turns away a caller who sends no credential"
    return (Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN),)


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Support what the source says of a route that no specification describes: it does answer without a credential."""
    if view.operation or not view.route or view.route.public:
        return
    for baseline in view.baselines:
        if baseline.access is Access.OPEN:
            message = f"{view.endpoint} answers a caller who sends no credential"
            yield _open(baseline, message, Strength.SUPPORTING)


def _open(baseline: Baseline, message: str, strength: Strength) -> Verdict:
    return Verdict(
        kept=False,
        message=message,
        endpoints=(baseline.endpoint,),
        evidence=(evidence("answered without a credential", baseline.nothing, baseline.original),),
        strength=strength,
        witnesses=(baseline.witness,),
    )
