"""A route that the specification does not know.

## What is wrong

The source, the running application or recorded traffic has an operation that the OpenAPI document leaves out.

## Why it matters

What is not documented is not reviewed, not tested, and often not protected: forgotten debug, admin and old-version
routes are how APIs are entered (OWASP API9:2023, improper inventory management).

## Bad

    @app.get("/internal/export")        # in no document
    def export(): ...

## Good

Describe it, with its security, or take it out. `guard.openapi()` writes the document from the routes, so that both
agree by construction.

## References

OWASP API Security Top 10 2023, API9; CWE-1059.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity, Strength, Verdict, Witness
from stopper.observe.views import EndpointView, Exchange
from stopper.observe.wire.compare import succeeded
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT605",
    name="route_undocumented",
    severity=Severity.MEDIUM,
    title="A route that the specification does not know",
    witnesses="J",
    requirements=("B16",),
    cwe=(1059,),
)

_SPEC_NAMES = frozenset({"openapi", "openapi.json", "openapi.yaml", "swagger.json", "swagger.yaml", "apispec_1.json"})


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold what serves an endpoint against the specification's silence; pages about the API itself are left out."""
    if Witness.SPEC not in view.asked or view.endpoint.method in ("HEAD", "OPTIONS"):
        return
    if view.operation:
        yield Verdict(True, f"{view.endpoint} is documented", endpoints=(view.endpoint,), witnesses=(Witness.SPEC,))
        return
    if _about_itself(view):
        return
    served = [exchange for exchange in view.traffic if succeeded(exchange)]
    witnesses = _witnesses(view, served)
    if witnesses:
        yield Verdict(
            kept=False,
            message=f"{view.endpoint} is served, and the specification does not know it",
            place=view.place,
            endpoints=(view.endpoint,),
            evidence=(evidence("it answers", served[0]),) if served else (),
            strength=Strength.PROVEN if served or view.app_route else Strength.CLAIMED,
            witnesses=witnesses,
        )


def _witnesses(view: EndpointView, served: list[Exchange]) -> tuple[Witness, ...]:
    found = {Witness.SOURCE} if view.route else set()
    if view.app_route:
        found.add(Witness.APP)
    found.update(exchange.witness for exchange in served)
    return tuple(witness for witness in Witness if witness in found)


def _about_itself(view: EndpointView) -> bool:
    """Tell whether the route serves Flask's static folder or the specification itself."""
    name = view.app_route.name if view.app_route else ""
    last = view.endpoint.path.rstrip("/").rpartition("/")[2].lower()
    return name.rpartition(".")[2] == "static" or last in _SPEC_NAMES
