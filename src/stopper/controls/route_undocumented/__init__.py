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

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from stopper.model import Control, Severity, Strength, Verdict, Witness
from stopper.observe.spec import looks_like_spec
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
    guard="Guard.openapi",
)

_SPEC_NAMES = frozenset({"openapi", "openapi.json", "openapi.yaml", "swagger.json", "swagger.yaml", "apispec_1.json"})
_FOR_BROWSERS = frozenset(
    {"favicon.ico", "apple-touch-icon.png", "robots.txt", "humans.txt", "ads.txt", "sitemap.xml", "browserconfig.xml"}
)
"""Files that browsers and search engines ask every host for: no operations of an API."""

_REST = re.compile(r"\{[^{}]*\}$")


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold what serves an endpoint against the specification's silence; the specification itself is left out.

    Pages and redirects, and what lies outside the part that the specification speaks of and is not seen to give data,
    are mostly left out on purpose: one finding each, of little weight.
    """
    if Witness.SPEC not in view.asked or view.endpoint.method in ("HEAD", "OPTIONS"):
        return
    served = [exchange for exchange in view.traffic if succeeded(exchange) or _redirects(exchange)]
    if view.operation:
        if served or view.route or view.app_route:
            yield Verdict(True, f"{view.endpoint} is documented", endpoints=(view.endpoint,), witnesses=(Witness.SPEC,))
        return
    if _about_itself(view, served) or not (served or _registered(view)):
        return
    data = [exchange for exchange in served if not (_is_page(exchange) or _redirects(exchange))]
    if data or not (served or _outside(view)):
        yield _unknown(view, data, f"{view.endpoint} is served, and the specification does not know it")
    elif _outside(view):
        message = f"{view.endpoint} is served outside {view.described}, where all that the specification describes lies"
        yield replace(_unknown(view, served, message), cause="outside what is described", severity=Severity.LOW)
    else:
        message = f"{view.endpoint} gives a page or a redirect, and the specification does not know it"
        yield replace(_unknown(view, served, message), cause="pages", severity=Severity.ADVICE)


def _unknown(view: EndpointView, served: Sequence[Exchange], message: str) -> Verdict:
    return Verdict(
        kept=False,
        message=message,
        place=view.place,
        endpoints=(view.endpoint,),
        evidence=(evidence("it answers", served[0]),) if served else (),
        strength=Strength.PROVEN if served or view.app_route else Strength.CLAIMED,
        witnesses=_witnesses(view, served),
    )


def _witnesses(view: EndpointView, served: Sequence[Exchange]) -> tuple[Witness, ...]:
    found = {Witness.SOURCE} if view.route else set()
    if view.app_route:
        found.add(Witness.APP)
    found.update(exchange.witness for exchange in served)
    return tuple(witness for witness in Witness if witness in found)


def _registered(view: EndpointView) -> bool:
    """Tell whether the endpoint is there by the application's own word; without the application, by the source's."""
    return bool(view.app_route if Witness.APP in view.asked else view.route)


def _outside(view: EndpointView) -> bool:
    return not (view.endpoint.path + "/").startswith(view.described + "/")


def _serves_described(view: EndpointView) -> bool:
    """Tell whether the route is one rule for all that lies below it, what the specification describes included."""
    wide = any(converter.startswith("path") for _, converter in (view.app_route.arguments if view.app_route else ()))
    return wide and (view.described + "/").startswith(_REST.sub("", view.endpoint.path))


def _redirects(exchange: Exchange) -> bool:
    return exchange.response is not None and 300 <= exchange.response.status < 400


def _is_page(exchange: Exchange) -> bool:
    kind = (exchange.response.header("Content-Type") or "") if exchange.response else ""
    return kind.partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml")


def _about_itself(view: EndpointView, served: Sequence[Exchange]) -> bool:
    """Tell whether the route serves Flask's static folder, the specification itself, or a file that any host has."""
    name = view.app_route.name if view.app_route else ""
    last = view.endpoint.path.rstrip("/").rpartition("/")[2].lower()
    if name.rpartition(".")[2] == "static" or last in _SPEC_NAMES | _FOR_BROWSERS or _serves_described(view):
        return True
    return any(looks_like_spec(exchange.response.body) for exchange in served if exchange.response)
