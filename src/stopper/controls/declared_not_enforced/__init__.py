"""The specification demands a token and the operation answers without one.

## What is wrong

The OpenAPI document says that a caller needs a credential for this operation. Called with nothing, the running API
answers just as it does for a caller who has one.

## Why it matters

Clients, reviewers and gateways trust the document: nobody looks again at an operation that says it is protected.
Anyone who finds the path reads or changes what lies behind it (OWASP API2:2023, CWE-306).

## Bad

    paths:
      /orders:
        get:
          security: [{bearer: []}]

    @app.get("/orders")
    def list_orders():
        return {"orders": all_orders()}

## Good

    @app.get("/orders")
    @guard.require("orders:read")
    def list_orders():
        return {"orders": all_orders()}

With `Guard(app)` a forgotten decorator is a refusal: every route that is not `@guard.public` demands a token.

## References

OpenAPI 3.1 "Security Requirement Object"; RFC 6750 section 3; OWASP API Security Top 10 2023, API2 and API9; CWE-306.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Place, Severity, Strength, Verdict, Witness
from stopper.observe.source import Module
from stopper.observe.source.mending import guarded_as_others
from stopper.observe.spec.rewriting import SpecText
from stopper.observe.views import Access, Baseline, EndpointView
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import ByHand, Rewrite

CONTROL = Control(
    id="BT601",
    name="declared_not_enforced",
    severity=Severity.CRITICAL,
    title="Protected in the specification, open in reality",
    witnesses="J",
    requirements=("B16",),
    labels=("missing_auth",),
    cwe=(306,),
    guard="Guard.require",
)


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold each live witness's answer to a caller without a credential against the promise."""
    if not view.operation or not view.operation.protected:
        return
    for baseline in view.baselines:
        if baseline.access is Access.OPEN:
            yield _broken(view, baseline)
        elif baseline.access in (Access.GUARDED, Access.ANY_TOKEN):
            yield Verdict(
                kept=True,
                message=f"{view.endpoint} is refused without a credential, as promised",
                endpoints=(view.endpoint,),
                strength=Strength.PROVEN,
                witnesses=(Witness.SPEC, baseline.witness),
            )


def _broken(view: EndpointView, baseline: Baseline) -> Verdict:
    unguarded = bool(view.route) and not (view.route and view.route.guarded)
    code = (Witness.SOURCE,) if unguarded else ()
    return Verdict(
        kept=False,
        message=f"the specification protects {view.endpoint}, and it answers a caller who sends no credential",
        place=view.place,
        endpoints=(view.endpoint,),
        evidence=(evidence("answered without a credential", baseline.nothing, baseline.original),),
        strength=Strength.PROVEN,
        witnesses=(Witness.SPEC, *code, baseline.witness),
    )


# --------------------------------------------------------------------------- the repair


def fix(subject: Module | SpecText, where: Place) -> Rewrite | ByHand | None:
    """Put the decorator before the view that stands before the project's other protected views."""
    return guarded_as_others(subject, where)
