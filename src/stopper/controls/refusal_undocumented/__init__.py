"""A protected operation is described without its refusal.

## What is wrong

The operation demands a credential, and none of its described answers is what a caller without a valid one gets: no
`401`, no `4XX`, no `default`.

## Why it matters

Clients that are made from the document have no branch for an expired token: they take the refusal for a fault, repeat
it, or show it as data. A reviewer cannot tell a refusal that was meant from one that was not.

## Bad

    /orders:
      get:
        security: [{bearer: []}]
        responses:
          "200": {description: the orders}

## Good

    /orders:
      get:
        security: [{bearer: []}]
        responses:
          "200": {description: the orders}
          "401": {$ref: "#/components/responses/Unauthorized"}

## References

OpenAPI 3.1 "Responses Object"; RFC 6750 section 3; RFC 9110 section 15.5.2; CWE-1059.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity, Verdict
from stopper.observe.views import Operation

CONTROL = Control(
    id="BT613",
    name="refusal_undocumented",
    severity=Severity.ADVICE,
    title="A protected operation described without its refusal",
    witnesses="P",
    cwe=(1059,),
    guard="Guard.openapi",
)

_REFUSALS = frozenset(("401", "4xx", "default"))


def spec(operation: Operation) -> Iterable[Verdict]:
    """Look for a refusal among the answers of an operation that a bearer token opens."""
    if not operation.bearer:
        return
    described = not _REFUSALS.isdisjoint(status.lower() for status in operation.statuses)
    yield Verdict(
        kept=described,
        message=f"{operation.endpoint} is described {'with' if described else 'without'} its refusal",
        place=operation.place,
        endpoints=(operation.endpoint,),
        cause=f"refusals left out of {operation.place.uri}",
    )
