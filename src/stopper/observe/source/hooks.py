"""`before_request` hooks: which routes each stands before, its exemptions by endpoint, path, method understood."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stopper.model import Endpoint, Place
from stopper.observe.source import guards
from stopper.observe.source.names import Definition, Instance
from stopper.observe.source.owners import Key, argument, key_of, kind_of
from stopper.observe.source.syntax import Function
from stopper.observe.views import Guard

if TYPE_CHECKING:
    from stopper.observe.source.module import Module, Project

_HOOKS = {"before_request": False, "before_app_request": True}
"""Registering method, and whether it reaches the whole application from a blueprint."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A function that runs before requests of `owner` (None where unknown: then of every route)."""

    module: Module
    function: Function
    owner: Key | None
    whole_application: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Call:
    """What a hook sees of a request when it decides: the operation, the view's name, its blueprint's name."""

    endpoint: Endpoint
    view: str
    blueprint: str


def find(project: Project) -> list[Hook]:
    """Return every hook of a project, whether registered by decorator or by call."""
    found: list[Hook] = []
    for module in project.modules:
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
    return Hook(home, function, owner, whole, module.place(registering))


def may_guard(hook: Hook) -> bool:
    """Tell whether a hook guards any operation at all; one that opens a database connection does not."""
    if any(guards.decorator(hook.module, each) is not None for each in hook.function.decorator_list):
        return True
    return guards.door(hook.module, list(hook.function.body), seen={hook.function}).guards


def protections(project: Project) -> list[tuple[Key | None, Guard]]:
    """Return what protects a whole application by being attached to it: `stopper.guard`'s `Guard(app)`."""
    found: list[tuple[Key | None, Guard]] = []
    for module in project.modules:
        for call in module.nodes(ast.Call):
            name = module.qualified(call.func)
            given = argument(call, "app", 0)
            if name in ("stopper.guard.Guard", "stopper.guard.Guard.init_app") and given is not None:
                target = module.resolve(given)
                key = key_of(target) if isinstance(target, Instance) else None
                found.append((key, Guard("bearer", guards.dotted(call.func), module.place(call))))
    return found


def guard(hook: Hook, call: Call) -> Guard | None:
    """Return the guard that a hook is for one operation, None where it lets it through or guards nothing."""
    for each in hook.function.decorator_list:
        found = guards.decorator(hook.module, each)
        if found is not None:
            return Guard(found.kind, f"before_request {hook.function.name}", hook.place, found.optional, found.scopes)
    executed, _ = _run(hook.module, hook.function.body, call)
    judged = guards.door(hook.module, executed, seen={hook.function})
    if not judged.guards:
        return None
    return Guard(judged.kind, f"before_request {hook.function.name}", hook.place)


def _run(module: Module, statements: list[ast.stmt], call: Call) -> tuple[list[ast.AST], bool]:
    """Return what may be executed for a call, and whether it surely ends here."""
    executed: list[ast.AST] = []
    for statement in statements:
        if isinstance(statement, ast.If):
            truth = _truth(module, statement.test, call)
            taken = [statement.body] if truth is True else [statement.orelse] if truth is False else []
            branches = [_run(module, branch, call) for branch in taken or [statement.body, statement.orelse]]
            executed.append(statement.test)
            executed.extend(node for nodes, _ in branches for node in nodes)
            if all(ended for _, ended in branches):
                return executed, True
        else:
            executed.append(statement)
            if isinstance(statement, ast.Return | ast.Raise):
                return executed, True
    return executed, False


def _truth(module: Module, test: ast.expr, call: Call) -> bool | None:
    """Return what a test says for a call, None where that depends on anything else."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _truth(module, test.operand, call)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        values = [_truth(module, value, call) for value in test.values]
        decisive = isinstance(test.op, ast.Or)
        if decisive in values:
            return decisive
        return None if None in values else not decisive
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(module, test, call)
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.args:
        return _matched(module, test, test.func, call)
    return None


def _subject(module: Module, node: ast.expr, call: Call) -> str | None:
    name = module.qualified(node)
    if name in ("flask.request.path", "flask.request.url_rule", "flask.request.url_rule.rule"):
        return call.endpoint.path
    if name == "flask.request.method":
        return call.endpoint.method
    if name == "flask.request.blueprint":
        return call.blueprint
    if name == "flask.request.endpoint":
        return f"{call.blueprint}.{call.view}" if call.blueprint else call.view
    return None


def _compared(module: Module, test: ast.Compare, call: Call) -> bool | None:
    subject = _subject(module, test.left, call)
    value = module.constant(test.comparators[0])
    operator = test.ops[0]
    if subject is None:
        return None
    if isinstance(operator, ast.Eq | ast.NotEq) and isinstance(value, str):
        return (subject == value) is isinstance(operator, ast.Eq)
    if isinstance(operator, ast.In | ast.NotIn) and isinstance(value, list | tuple | frozenset | dict):
        return (subject in value) is isinstance(operator, ast.In)
    return None


def _matched(module: Module, test: ast.Call, function: ast.Attribute, call: Call) -> bool | None:
    subject = _subject(module, function.value, call)
    value = module.constant(test.args[0])
    if subject is None or not isinstance(value, str | tuple):
        return None
    if function.attr == "startswith":
        return subject.startswith(value)
    return subject.endswith(value) if function.attr == "endswith" else None
