"""What the code demands of a caller differs from what the specification says.

## What is wrong

The document protects the operation, and the code marks it as public, lets callers without a token through, or has no
guard where the other protected operations have one. Or the reverse: the document opens what the code guards, which
weighs little.

## Why it matters

One of the two is wrong, and whoever reviews only the other does not see it. Where the code is the wrong one, the
operation is open (OWASP API2:2023, CWE-306).

## Bad

    /orders:
      get:
        security: [{bearer: []}]

    @app.get("/orders")
    def orders(): ...

## Good

    @app.get("/orders")
    @guard.require("orders:read")
    def orders(): ...

## References

OpenAPI 3.1 "Security Requirement Object"; OWASP API Security Top 10 2023, API2 and API9; CWE-306.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Place, Severity, Verdict, Witness
from stopper.observe.source import Module
from stopper.observe.source.mending import guarded_as_others
from stopper.observe.spec.rewriting import SpecText
from stopper.observe.views import Access, EndpointView, Route
from stopper.rewrite import ByHand, Rewrite

CONTROL = Control(
    id="BT607",
    name="guard_contradicts_spec",
    severity=Severity.HIGH,
    title="The code and the specification disagree on who may call",
    witnesses="J",
    requirements=("B16",),
    labels=("missing_auth",),
    cwe=(306,),
    implied_by=("BT601", "BT602", "BT608"),
    guard="Guard.openapi",
)

_BOTH = (Witness.SPEC, Witness.SOURCE)
_MOST = 0.5
"""Share of the protected operations whose guard is recognised, from which one without any is an exception."""


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold the guards that the source shows against the promise; what is seen to be so on the wire is known better."""
    operation, route = view.operation, view.route
    if not operation or not route:
        return
    if operation.protected and route.guarded:
        message = f"{view.endpoint} is guarded in the code, as the specification says"
        yield Verdict(True, message, route.place, (view.endpoint,), witnesses=_BOTH)
    elif operation.protected and not _refused(view) and (why := _open(view, route)):
        message = f"the specification protects {view.endpoint}, and {why}"
        yield Verdict(False, message, route.place, (view.endpoint,), witnesses=_BOTH)
    elif not operation.security and route.guarded and not route.public and not _answered(view):
        yield Verdict(
            kept=False,
            message=f"the specification opens {view.endpoint} to everybody, and the code guards it ({_how(route)})",
            place=route.place,
            endpoints=(view.endpoint,),
            severity=Severity.LOW,
            witnesses=_BOTH,
        )


def _open(view: EndpointView, route: Route) -> str:
    """Return why the code lets everybody in, or an empty text where that is not plain."""
    if route.public:
        return "the code marks it as public"
    if route.misplaced:
        return f"{route.misplaced[0].how} stands above its route and never runs"
    if route.guards:
        return f"{route.guards[0].how} lets callers without a token through"
    return "the code shows no guard before it" if view.recognised >= _MOST else ""


def _refused(view: EndpointView) -> bool:
    return any(baseline.access is Access.GUARDED for baseline in view.baselines)


def _answered(view: EndpointView) -> bool:
    return any(baseline.access is Access.OPEN for baseline in view.baselines)


def _how(route: Route) -> str:
    return next(guard.how for guard in route.guards if not guard.optional)


# --------------------------------------------------------------------------- the repair


def fix(subject: Module | SpecText, where: Place) -> Rewrite | ByHand | None:
    """Put the decorator before the view that stands before the project's other protected views."""
    return guarded_as_others(subject, where)
