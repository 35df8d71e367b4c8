"""The API demands a credential that the specification does not speak of.

## What is wrong

The OpenAPI document lets everybody use this operation; the running API refuses a caller who sends nothing, and one who
sends a random token.

## Why it matters

Nobody is let in who should not be; the document is wrong. Clients that are made from it send no token and fail, and a
gateway or a generated server that enforces the document would open what is guarded today.

## Bad

    /orders:
      get:
        security: []

    @app.get("/orders")
    @guard.require("orders:read")
    def orders(): ...

## Good

    /orders:
      get:
        security: [{bearer: [orders:read]}]

`guard.openapi()` writes each route's requirement from its decorators.

## References

OpenAPI 3.1 "Security Requirement Object"; OWASP API Security Top 10 2023, API9; CWE-1059.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity, Strength, Verdict, Witness
from stopper.observe.views import Access, EndpointView
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT602",
    name="enforced_not_declared",
    severity=Severity.LOW,
    title="Open in the specification, guarded in reality",
    witnesses="J",
    requirements=("B16",),
    cwe=(1059,),
    guard="Guard.openapi",
)


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold the answers to callers without a valid credential against a promise to let everybody in."""
    operation = view.operation
    if not operation or operation.protected:
        return
    for baseline in view.baselines:
        both = (Witness.SPEC, baseline.witness)
        if baseline.access is Access.OPEN:
            message = f"{view.endpoint} is open to everybody, as the specification says"
            yield Verdict(True, message, endpoints=(view.endpoint,), strength=Strength.PROVEN, witnesses=both)
        elif baseline.access in (Access.GUARDED, Access.ANY_TOKEN):
            yield Verdict(
                kept=False,
                message=f"the specification opens {view.endpoint} to everybody, and it refuses one without a token",
                place=operation.security_place or operation.place,
                endpoints=(view.endpoint,),
                evidence=(evidence("refused without a credential", baseline.nothing),),
                strength=Strength.PROVEN,
                witnesses=both,
            )
