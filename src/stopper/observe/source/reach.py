"""Which code runs for which endpoint: from each view through its decorators, hooks and all that they call."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stopper.model import Endpoint
from stopper.observe.source import names
from stopper.observe.source.guards import dotted
from stopper.observe.source.names import Definition, External, Instance
from stopper.observe.source.syntax import Function, within

if TYPE_CHECKING:
    from stopper.observe.source.module import Module, Project
    from stopper.observe.source.routing import View

_ORDINARY = frozenset(
    name for kind in (str, bytes, dict, list, set, int, object) for name in dir(kind) if not name.startswith("__")
) | {
    "save",
    "query",
    "commit",
    "all",
    "first",
    "filter",
    "filter_by",
    "delete",
    "json",
    "close",
    "execute",
    "run",
    "name",
}
"""Method names that so many objects have that a single definition in the project says nothing."""

_CALLBACKS = (
    "HTTPTokenAuth",
    "HTTPBasicAuth",
    "HTTPDigestAuth",
    "JWTManager",
    "LoginManager",
    "JWT",
    "ResourceProtector",
)
"""Classes whose objects call back functions that are registered on them by a decorator."""

_CALLED_BACK = re.compile(r"_loader$|_handler$|^verify_|^get_")
"""Names of the methods that register a callback: `user_lookup_loader`, `verify_token`."""

_REGISTERED = re.compile(rb"^[ \t]*@[^\n(]*\.(?:\w+_loader|\w+_handler|verify_\w+|get_\w+)\b", re.MULTILINE)
"""How such a decorator is written: cheap, before any walk."""

_CALLERS = {"flask_jwt_extended": "JWTManager", "flask_login": "LoginManager", "flask_jwt": "JWT"}
"""Packages whose decorators run the callbacks of one such class."""


class Reach:
    """The functions that run for each endpoint, found by walking from the views through what they call."""

    def __init__(self, project: Project) -> None:
        """Walk from every view of the project."""
        self._project = project
        self._callees: dict[ast.AST, tuple[Definition, ...]] = {}
        self._callbacks = _callbacks(project) if project.routing.views else {}
        self._endpoints: defaultdict[ast.AST, set[Endpoint]] = defaultdict(set)
        for route, view in project.routing.views:
            for function in self._run_by(view):
                self._endpoints[function].update(route.endpoints)

    def endpoints(self, module: Module, node: ast.AST) -> tuple[Endpoint, ...]:
        """Return the endpoints whose handling runs through a node, sorted; none for code that no view reaches."""
        function = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else module.function_of(node)
        while function is not None:
            if function in self._endpoints:
                return tuple(sorted(self._endpoints[function]))
            function = module.function_of(function)
        return ()

    def _run_by(self, view: View) -> set[ast.AST]:
        waiting = [Definition(view.module, view.node)]
        for module, node in view.before:
            waiting.extend(self._referred(module, node))
        seen: set[ast.AST] = set()
        while waiting:
            definition = waiting.pop()
            if definition.node in seen:
                continue
            seen.add(definition.node)
            if definition.node not in self._callees:
                self._callees[definition.node] = tuple(self._referred(definition.module, definition.node))
            waiting.extend(self._callees[definition.node])
        return seen

    def _referred(self, module: Module, top: ast.AST) -> Iterator[Definition]:
        """Yield the functions of the project that code calls or hands on, callbacks of its guards included."""
        if isinstance(top, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Definition(module, top)
            parts: list[ast.AST] = [*top.body, *_guarding(module, top)]
        else:
            parts = [top]
        for part in parts:
            for node in within(part):
                if isinstance(node, ast.Name | ast.Attribute):
                    yield from self._meant(module, node)

    def _meant(self, module: Module, node: ast.Name | ast.Attribute) -> Iterator[Definition]:
        target = module.resolve(node)
        if isinstance(target, Definition):
            if isinstance(target.node, ast.ClassDef):
                target = names.class_attribute(target, "__init__")
            if isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef):
                yield target
        elif isinstance(target, External):
            yield from self._callbacks.get(_CALLERS.get(target.name.partition(".")[0], ""), ())
        elif isinstance(target, Instance):
            kind = _called_back(target)
            for name in _CALLBACKS if kind == "MultiAuth" else (kind,):
                yield from self._callbacks.get(name, ())
        elif isinstance(node, ast.Attribute) and node.attr not in _ORDINARY:
            yield from self._only(module, node.attr)

    def _only(self, module: Module, name: str) -> Iterator[Definition]:
        """Yield the one method of that name in the project: a call on an object of unknown class can mean only it."""
        found = self._project.method(name, module)
        if found is not None:
            yield found


def _guarding(module: Module, function: Function) -> list[ast.expr]:
    """Return a function's decorators, those that only register it left out: they run when it is called."""
    return [
        each for each in function.decorator_list if not (isinstance(each, ast.Attribute) and _registering(module, each))
    ]


def _registering(module: Module, node: ast.Attribute) -> bool:
    return isinstance(module.resolve(node.value), Instance) and dotted(node) != ""


def _called_back(target: Instance) -> str:
    kind = target.kind
    return kind.name.rpartition(".")[2] if isinstance(kind, External) else kind.node.name


def _callbacks(project: Project) -> dict[str, list[Definition]]:
    """Return, by class name, the functions registered on objects that call them back during a request."""
    found: defaultdict[str, list[Definition]] = defaultdict(list)
    for module in (each for each in project.modules if _REGISTERED.search(each.source)):
        for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
            for each in function.decorator_list:
                called = each.func if isinstance(each, ast.Call) else each
                if not isinstance(called, ast.Attribute) or not _CALLED_BACK.search(called.attr):
                    continue
                target = module.resolve(called.value)
                if isinstance(target, Instance) and _called_back(target) in _CALLBACKS:
                    found[_called_back(target)].append(Definition(module, function))
    return found
