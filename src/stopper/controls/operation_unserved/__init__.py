"""The specification describes an operation that nothing serves.

## What is wrong

The document has the operation; the application has no route for it, or the running API answers its path as it answers
paths that do not exist.

## Why it matters

A document that speaks of what is not there is not kept up: what it says of security elsewhere is believed too. A name
that clients still call may be taken by somebody else's route, and receives their tokens.

## Bad

    /v1/orders:          # taken out of the code last year
      get: ...

## Good

Take it out of the document, or mark it `deprecated` while it is served. `guard.openapi()` writes the document from the
routes.

## References

OWASP API Security Top 10 2023, API9; CWE-1059.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity, Strength, Verdict, Witness
from stopper.observe.views import Baseline, EndpointView, Exchange
from stopper.observe.wire.compare import succeeded
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT606",
    name="operation_unserved",
    severity=Severity.LOW,
    title="An operation that nothing serves",
    witnesses="J",
    cwe=(1059,),
    guard="Guard.openapi",
)

_ANSWERED_BY_FLASK = frozenset(("HEAD", "OPTIONS", "TRACE"))
"""Methods that frameworks and servers answer by themselves."""


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold a promised operation against the routes of the application, and against what the wire answers."""
    if not view.operation or view.endpoint.method in _ANSWERED_BY_FLASK:
        return
    if view.app_route or view.caught_by or any(succeeded(exchange) for exchange in view.traffic):
        yield Verdict(True, f"{view.endpoint} is served", endpoints=(view.endpoint,), witnesses=_witnesses(view))
        return
    absent = [exchange for exchange in map(_absent, view.baselines) if exchange]
    unrouted = Witness.APP in view.asked and view.served > 0
    answered = len(absent) == len(view.baselines) and bool(absent)
    if (unrouted or answered) and not (view.baselines and not answered):
        yield _unserved(view, absent)


def _unserved(view: EndpointView, absent: list[Exchange]) -> Verdict:
    said = dict.fromkeys(exchange.witness for exchange in absent)
    if Witness.APP in view.asked:
        said[Witness.APP] = None
    return Verdict(
        kept=False,
        message=f"the specification describes {view.endpoint}, and nothing serves it",
        place=view.operation.place if view.operation else None,
        endpoints=(view.endpoint,),
        evidence=(evidence("no such operation", absent[0]),) if absent else (),
        strength=Strength.PROVEN,
        witnesses=(Witness.SPEC, *said),
    )


def _absent(baseline: Baseline) -> Exchange | None:
    """Return the answer that shows that nothing is there: 405 or 501, or 404 to a path without values to get wrong."""
    exchange = baseline.original or baseline.nothing
    if exchange is None or exchange.response is None:
        return None
    fixed = "{" not in baseline.endpoint.path
    gone = exchange.response.status in (405, 501) or (exchange.response.status == 404 and fixed)
    return exchange if gone else None


def _witnesses(view: EndpointView) -> tuple[Witness, ...]:
    seen = {exchange.witness for exchange in view.traffic if succeeded(exchange)}
    if view.app_route or view.caught_by:
        seen.add(Witness.APP)
    return tuple(witness for witness in Witness if witness in seen)
