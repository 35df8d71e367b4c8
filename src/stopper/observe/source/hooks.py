"""`before_request` hooks: which routes each stands before, its exemptions by endpoint, path, method understood."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stopper.model import Place
from stopper.observe.source import doors, guards
from stopper.observe.source.doors import Arrival
from stopper.observe.source.names import Definition, Instance
from stopper.observe.source.owners import Key, argument, key_of, kind_of
from stopper.observe.source.syntax import Function
from stopper.observe.views import Guard

if TYPE_CHECKING:
    from stopper.observe.source.module import Module, Project

_HOOKS = {
    "before_request": False,
    "before_app_request": True,
    "url_value_preprocessor": False,
    "app_url_value_preprocessor": True,
}
"""Registering method, and whether it reaches the whole application from a blueprint."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A function that runs before requests of `owner` (None where unknown: then of every route)."""

    module: Module
    function: Function
    owner: Key | None
    whole_application: bool
    place: Place
    registered: str = "before_request"


def find(project: Project) -> list[Hook]:
    """Return every hook of a project, whether registered by decorator or by call."""
    found: list[Hook] = []
    for module in project.routed:
        for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
            found.extend(
                _hook(module, each, module, function)
                for each in function.decorator_list
                if isinstance(each, ast.Attribute) and each.attr in _HOOKS
            )
        for call in module.nodes(ast.Call):
            if isinstance(call.func, ast.Attribute) and call.func.attr in _HOOKS and call.args:
                target = module.resolve(call.args[0])
                if isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef):
                    found.append(_hook(module, call.func, target.module, target.node))
    return found


def _hook(module: Module, registering: ast.Attribute, home: Module, function: Function) -> Hook:
    target = module.resolve(registering.value)
    kind = kind_of(target)
    whole = _HOOKS[registering.attr] or kind not in ("blueprint", "api", "namespace")
    known = isinstance(target, Instance) and kind is not None and not _HOOKS[registering.attr]
    owner = key_of(target) if known and isinstance(target, Instance) else None
    return Hook(home, function, owner, whole, module.place(registering), registering.attr)


def may_guard(hook: Hook) -> bool:
    """Tell whether a hook guards any operation at all; one that opens a database connection does not."""
    if any(guards.decorator(hook.module, each) is not None for each in hook.function.decorator_list):
        return True
    return doors.door(hook.module, hook.function).guards


def protections(project: Project) -> list[tuple[Key | None, Guard]]:
    """Return what protects a whole application by being attached to it: `stopper.guard`'s `Guard(app)`."""
    found: list[tuple[Key | None, Guard]] = []
    for module in project.routed:
        for call in module.nodes(ast.Call):
            if guards.dotted(call.func).rpartition(".")[2] not in ("Guard", "init_app"):
                continue
            name = module.qualified(call.func)
            given = argument(call, "app", 0)
            named = name in ("stopper.guard.Guard", "stopper.guard.Guard.init_app")
            if named and given is not None and not _opens(module, call):
                target = module.resolve(given)
                key = key_of(target) if isinstance(target, Instance) else None
                found.append((key, Guard("bearer", guards.dotted(call.func), module.place(call))))
    return found


def _opens(module: Module, call: ast.Call) -> bool:
    """Tell whether a guard was made with `default="open"`: it looks at what came in clear, and leaves routes alone."""
    holder = module.resolve(call.func.value) if isinstance(call.func, ast.Attribute) else None
    made = holder.call if isinstance(holder, Instance) else None
    given = [each.value for one in (call, made) if one is not None for each in one.keywords if each.arg == "default"]
    return any(isinstance(each, ast.Constant) and each.value == "open" for each in given)


def _parameters(hook: Hook) -> tuple[str, ...]:
    """Return the parameters for the endpoint and the path's values, which only a preprocessor of them is handed."""
    return tuple(each.arg for each in hook.function.args.args) if "value" in hook.registered else ()


def guard(hook: Hook, arrival: Arrival) -> Guard | None:
    """Return the guard that a hook is for one operation, None where it lets it through or guards nothing."""
    way = "before_request" if "before" in hook.registered else "url_value_preprocessor"
    how = f"{way} {hook.function.name}"
    for each in hook.function.decorator_list:
        found = guards.decorator(hook.module, each)
        if found is not None:
            return Guard(found.kind, how, hook.place, found.optional, found.scopes)
    judged = doors.door(hook.module, hook.function, replace(arrival, parameters=_parameters(hook)))
    return Guard(judged.kind, how, hook.place) if judged.guards else None
