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

from collections.abc import Iterable, Mapping

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.spec.rewriting import Part, Plain, SpecText
from stopper.observe.views import Operation
from stopper.rewrite import Rewrite

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


_DESCRIPTION = "The token is missing, or it is not valid."


def fix(document: SpecText, place: Place) -> Rewrite:
    """Describe the refusal as another operation of the document does by reference, else in a sentence."""
    operation = document.at(place)
    refusal = _shared(document.root) or {"description": _DESCRIPTION}
    answers = operation.entries.get("responses")
    if answers is None:
        change = document.entry(operation, "responses", {"401": refusal})
    else:
        change = document.entry(answers, "401", refusal)
    return Rewrite("clients that are made from the document know the refusal from a fault", (change,))


def _shared(root: Part) -> Mapping[str, Plain] | None:
    """Return the reference by which every operation that describes its refusal so does it, None without one."""
    paths = root.entries.get("paths", root)
    operations = [each for path in paths.entries.values() for each in path.entries.values()]
    answers = [each.entries["responses"] for each in operations if "responses" in each.entries]
    refusals = [each.entries["401"].entries for each in answers if "401" in each.entries]
    named = {each["$ref"].text for each in refusals if "$ref" in each}
    return {"$ref": named.pop()} if len(named) == 1 else None
