"""The code shows a guard, and the operation answers without it.

## What is wrong

A guard is written, but it does not stand between the caller and the view: its decorator stands above the one that
makes the route, it lets callers without a token through (`optional=True`) into a view that changes something and never
asks who calls, or it is a hook that nobody registers.

## Why it matters

Whoever reads the code sees a guard and looks no further; the operation is open all the same. Flask registers the
function that `route` is given: what is wrapped around it afterwards is never called (OWASP API2:2023, CWE-306,
CWE-696).

## Bad

    @token_required
    @app.get("/orders")
    def orders(): ...

## Good

    @app.get("/orders")
    @token_required
    def orders(): ...

## References

OWASP API Security Top 10 2023, API2; ASVS 5.0.0 8.3.1; CWE-306, CWE-696.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from stopper.model import Control, Endpoint, Severity, Strength, Verdict, Witness
from stopper.observe.source import Definition, Function, Module
from stopper.observe.source.doors import door
from stopper.observe.source.flows import last_name, words
from stopper.observe.views import Access, EndpointView, Guard, Route
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT608",
    name="guard_contradicts_wire",
    severity=Severity.CRITICAL,
    title="The code shows a guard, and the operation answers without it",
    witnesses="J S",
    requirements=("B16",),
    labels=("missing_auth",),
    cwe=(306, 696),
    implied_by=("BT601",),
    guard="Guard.require",
)

_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_WHO = frozenset(
    "user users identity jwt current owner author permission permissions auth authenticated authorize authorized role "
    "roles admin token claims session g account member scope scopes login guest anonymous".split()
)
"""Words of names by which a view asks who calls."""

_ENDS = re.compile(r"(?:log|sign)_?(?:out|off)", re.IGNORECASE)
"""Names of views that end the caller's own session."""

_STEPS = 2
"""Calls through which it is looked for."""


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold the guard that the code shows against what the running API answers to a caller without a credential."""
    shown = _shown(view.route) if view.route and not view.route.public else None
    for baseline in view.baselines if shown else ():
        both = (Witness.SOURCE, baseline.witness)
        if shown and baseline.access is Access.OPEN:
            yield Verdict(
                kept=False,
                message=f"the code shows {shown.how}, and {view.endpoint} answers a caller who sends no credential",
                endpoints=(view.endpoint,),
                evidence=(evidence("answered without a credential", baseline.nothing),),
                strength=Strength.PROVEN,
                witnesses=both,
            )
        elif shown and baseline.access is Access.GUARDED:
            message = f"{view.endpoint} turns away a caller who sends no credential, as the code says"
            yield Verdict(True, message, endpoints=(view.endpoint,), strength=Strength.PROVEN, witnesses=both)


def _shown(route: Route) -> Guard | None:
    """Return a guard that is written in front of the view, whether it runs or not."""
    written = (guard for guard in (*route.guards, *route.misplaced) if not guard.optional)
    return next(
        (guard for guard in written if guard.how.startswith(("@", "before_request", "url_value_preprocessor"))), None
    )


def source(module: Module) -> Iterable[Verdict]:
    """Look at every route's guards, whether they run and refuse, and at the hooks that nobody registers."""
    open_routes: list[Route] = []
    for route, view in module.project.routing.views:
        if route.place.uri != module.path or not route.endpoints or route.public:
            continue
        if route.guarded:
            yield Verdict(True, f"{route.endpoints[0]} stands behind its guard", route.place, route.endpoints)
            continue
        open_routes.append(route)
        if route.misplaced:
            how = route.misplaced[0].how
            message = f"{route.endpoints[0]} is registered without {how}, which stands above the route and never runs"
            # A caller who is not signed in has nothing to end: the guard is missing, and little is lost by it.
            weight = Severity.LOW if _ENDS.search(route.name) else None
            yield Verdict(False, message, route.place, route.endpoints, severity=weight)
        elif (how := _lenient(route)) and _changes(route) and not _asks(view.module, view.node):
            message = f"{how} lets callers without a token through, and {route.name}() never asks who calls"
            yield Verdict(False, message, route.place, route.endpoints)
    if open_routes:
        yield from _unregistered(module, open_routes)


def _changes(route: Route) -> bool:
    return not _CHANGES.isdisjoint(endpoint.method for endpoint in route.endpoints)


def _lenient(route: Route) -> str:
    """Return the view's own decorator that lets callers without a token through; a hook does so for all views alike."""
    return next((guard.how for guard in route.guards if guard.optional and guard.how.startswith("@")), "")


def _asks(module: Module, function: Function, steps: int = _STEPS) -> bool:
    """Tell whether a view, or what it calls of the project's own, speaks of who calls, by any name that it uses."""
    body = [node for statement in function.body for node in ast.walk(statement)]
    if any(isinstance(node, ast.Name | ast.Attribute) and not _WHO.isdisjoint(words(last_name(node))) for node in body):
        return True
    called = (module.resolve(node.func) for node in body if isinstance(node, ast.Call)) if steps else ()
    return any(
        isinstance(target, Definition)
        and not isinstance(target.node, ast.ClassDef)
        and _asks(target.module, target.node, steps - 1)
        for target in called
    )


def _unregistered(module: Module, routes: list[Route]) -> Iterator[Verdict]:
    """Yield what would guard as a hook (no parameters, a credential read, a refusal), but is never used."""
    if not module.mentions("request"):
        return
    for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        if _hook_shaped(module, function) and door(module, function).guards and not _used(module, function.name):
            endpoints = tuple(sorted({endpoint for route in routes for endpoint in route.endpoints}))
            yield Verdict(False, _never(function, endpoints), module.place(function), endpoints)


def _never(function: Function, endpoints: tuple[Endpoint, ...]) -> str:
    more = f" and {len(endpoints) - 1} more" if len(endpoints) > 1 else ""
    return f"{function.name}() turns callers away, but nothing registers it: {endpoints[0]}{more} answer without it"


def _hook_shaped(module: Module, function: Function) -> bool:
    given = function.args
    parameters = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
    inside = isinstance(module.scope(function), ast.ClassDef)
    return not (inside or function.decorator_list or any(parameters))


def _used(module: Module, name: str) -> bool:
    """Tell whether anything in the project speaks of a function: calls it, hands it on, imports or names it."""
    return any(_speaks(other, name) for other in module.project.holding(name))


def _speaks(module: Module, name: str) -> bool:
    if any(node.id == name for node in module.nodes(ast.Name)):
        return True
    if any(node.attr == name for node in module.nodes(ast.Attribute)):
        return True
    if any(node.value == name for node in module.nodes(ast.Constant)):
        return True
    return any(alias.name == name for node in module.nodes(ast.ImportFrom) for alias in node.names)
