"""The specification opens one operation whose neighbours it protects.

## What is wrong

An operation has a `security` of its own that lets everybody in (`[]`, or an alternative `{}`), and it changes what the
operations beside it, on the same path, the same collection or one of its members, guard: reading is protected there, or
another change is. Opening what only reads while other reading is protected, or what creates something new in a
collection, is often meant so (a public catalogue, a sign-up); that counts only where the running API is seen to be open
too, and for reading it counts little.

## Why it matters

`security: []` takes the document's protection away without a trace in a diff of the operation's code. Gateways and
generated servers that enforce the document leave the operation open, for changes as well.

## Bad

    /orders/{id}:
      get:
        security: [{bearer: []}]
      delete:
        security: []

## Good

    /orders/{id}:
      get:
        security: [{bearer: []}]
      delete:
        security: [{bearer: [orders:write]}]

Where it is meant so, say why: `x-stopper-ignore: {BT604: the link in the mail carries its own proof}`.

## References

OpenAPI 3.1 "Operation Object" (`security`) and "Security Requirement Object"; OWASP API Security Top 10 2023, API2;
CWE-306.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Endpoint, Severity, Strength, Verdict, Witness
from stopper.observe.views import Access, EndpointView, Operation
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT604",
    name="security_opted_out",
    severity=Severity.MEDIUM,
    title="An operation opened where its neighbours are protected",
    witnesses="P J",
    requirements=("B17",),
    labels=("missing_auth",),
    cwe=(306,),
    guard="Guard.openapi",
)

_READS = frozenset(("GET", "HEAD", "OPTIONS", "QUERY"))


def spec(operation: Operation) -> Iterable[Verdict]:
    """Look at operations that change something and whose own `security` lets everybody in."""
    if operation.endpoint.method in _READS or operation.issues_token:
        return
    if operation.protected:
        message = f"{operation.endpoint} asks for a credential"
        yield Verdict(True, message, operation.security_place, (operation.endpoint,))
    elif siblings := _guarding(operation):
        yield Verdict(
            kept=False,
            message=f"{operation.endpoint} is opened to everybody, although {siblings[0]} is protected",
            place=operation.security_place,
            endpoints=(operation.endpoint,),
            strength=Strength.SUPPORTING if _creates(operation.endpoint) else Strength.CLAIMED,
        )


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold an opened operation against the running API: open there too, it is no slip of the document alone."""
    operation = view.operation
    if not operation or operation.issues_token or not _guarding(operation):
        return
    reads = operation.endpoint.method in _READS
    for baseline in view.baselines:
        if baseline.access is Access.OPEN:
            yield Verdict(
                kept=False,
                message=f"{view.endpoint} is opened to everybody, although {_guarding(operation)[0]} is protected",
                place=operation.security_place,
                endpoints=(view.endpoint,),
                evidence=(evidence("answered without a credential", baseline.nothing),),
                strength=Strength.PROVEN,
                severity=Severity.LOW if reads else None,
                witnesses=(Witness.SPEC, baseline.witness),
            )


def _guarding(operation: Operation) -> tuple[Endpoint, ...]:
    """Return the protected neighbours from which it is plain that this operation should be protected as well.

    Beside a path's own reading everything that changes it counts; from a collection to its members and back, only what
    changes something too. Beside reading, only reading counts.
    """
    own = operation.endpoint.path.rstrip("/")
    if operation.endpoint.method in _READS:
        return tuple(sibling for sibling in operation.protected_siblings if sibling.method in _READS)
    return tuple(
        sibling
        for sibling in operation.protected_siblings
        if sibling.path.rstrip("/") == own or sibling.method not in _READS
    )


def _creates(endpoint: Endpoint) -> bool:
    return endpoint.method == "POST" and not endpoint.path.rstrip("/").endswith("}")
