"""What a name means: through scopes, assignments, imports, re-exports, classes and simple instances, across modules.

Nothing is run; a name with several meanings takes the first that can be told.
"""

from __future__ import annotations

import ast
import builtins
import functools
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stopper.observe.source.syntax import Function, Scope

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

DEPTH = 40
"""Steps from name to name after which a meaning is given up: hostile chains end here, not at the recursion limit."""

_MOST_STEPS = 20_000
"""Nodes asked for one answer, after which it is given up: circles of star imports end here."""

_TOO_DEEP = 0
"""In place of the number of an open question, which begin with 1: none of them decides, but DEPTH."""

_LIBRARY_NAMES = (
    "aiohttp apiflask authlib bcrypt cryptography flask flask_appbuilder flask_bcrypt flask_caching flask_cors"
    " flask_httpauth flask_jwt flask_jwt_extended flask_login flask_migrate flask_openapi3 flask_praetorian"
    " flask_principal flask_restful flask_restplus flask_restx flask_security flask_session flask_smorest"
    " flask_sqlalchemy flask_sslify flask_talisman flask_wtf httpx itsdangerous jose joserfc jwcrypto jwt marshmallow"
    " passlib pydantic quart redis requests sqlalchemy stopper structlog urllib3 werkzeug"
)
LIBRARIES = frozenset(_LIBRARY_NAMES.split())
"""Names that mean the well-known library even where a copy of it lies in the project, so that rules know them."""

_BUILTINS = frozenset(dir(builtins))

_RETURNS = {
    "logging.getLogger": "logging.Logger",
    "flask.Flask.logger": "logging.Logger",
    "structlog.get_logger": "structlog.BoundLogger",
    "redis.from_url": "redis.Redis",
    "requests.session": "requests.Session",
    "sqlite3.connect": "sqlite3.Connection",
    "flask.make_response": "flask.Response",
    "flask.jsonify": "flask.Response",
    "flask.Flask.response_class": "flask.Response",
    "flask_restx.Api.namespace": "flask_restx.Namespace",
    "flask_restplus.Api.namespace": "flask_restplus.Namespace",
}
"""What well-known functions return, where their name does not say it."""

_SAME = {
    "flask.current_app": "flask.Flask",
    "flask.globals.request": "flask.request",
    "flask.globals.current_app": "flask.Flask",
    "flask.wrappers.Response": "flask.Response",
    "werkzeug.local.request": "flask.request",
    "flask_restx.apidoc.Api": "flask_restx.Api",
    "flask_restful.request": "flask.request",
}


@dataclass(frozen=True, slots=True)
class External:
    """Something outside the project, by its dotted name: `flask.request`, `print`."""

    name: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A function or class of the project."""

    module: Module
    node: Function | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Package:
    """A module of the project."""

    module: Module


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a known class; `call` is where it was made, which tells two objects of one class apart."""

    kind: External | Definition
    module: Module | None = None
    call: ast.Call | None = None


Target = External | Definition | Package | Instance


@dataclass(frozen=True, slots=True)
class Imported:
    """A name bound by an import: `level` dots, then `module`, then `name` in it ("" for the module itself)."""

    module: str
    name: str
    level: int


@dataclass(frozen=True, slots=True)
class Assigned:
    """A name bound to an expression; `inside` says that the name takes an element of it (a loop, an unpacking)."""

    value: ast.expr
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Defined:
    """A name bound by `def` or `class`."""

    node: Function | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name bound by a call of the function."""

    argument: ast.arg
    function: Function | ast.Lambda


@dataclass(frozen=True, slots=True)
class Opaque:
    """A name bound by something that is not followed: `except ... as`, `del`, `+=`."""


Binding = Imported | Assigned | Defined | Parameter | Opaque

Question = ast.AST | str | tuple[ast.AST, str]
"""What is looked up: an expression, a name at the top of a module for others, a name that a scope binds."""


class Lookups:
    """What is being looked up at the moment in one project, and the questions of it that were left open.

    "Unknown" is final where nothing on the way was left open. In a circle it is final once the first question of the
    circle has its answer, as in Tarjan's search for strongly connected components; until then it is taken as it is, so
    that names bound to one another many times over are not followed in every order. What is unknown only because it was
    met too deep is looked for again where it is met less deep.
    """

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self._open: dict[tuple[Module, Question], tuple[int, int]] = {}
        self._trail: list[tuple[dict[Any, Target | None], Module, Question]] = []
        self._active = 0
        self._steps = 0
        self._earliest = 0

    def ask(
        self,
        module: Module,
        what: Question,
        memory: dict[Any, Target | None],
        depth: int,
        look: Callable[[], Target | None],
    ) -> Target | None:
        """Return the remembered answer, else look for it."""
        if what in memory:
            return memory[what]
        level = max(depth, self._active)
        opened, reached = self._open.get((module, what), (_TOO_DEEP, DEPTH + 1))
        if reached <= level or self._steps > _MOST_STEPS:
            self._earliest = min(self._earliest, opened)
            return None
        self._steps = number = self._steps + 1
        self._open[module, what] = number, 0
        begun, outer, self._earliest = len(self._trail), self._earliest, number
        self._trail.append((memory, module, what))
        self._active += 1
        target = look()
        self._active -= 1
        if target is None and self._earliest < number and self._active:
            self._open[module, what] = self._earliest, level if self._earliest == _TOO_DEEP else 0
            self._earliest = min(outer, self._earliest)
            return None
        self._close(begun, final=target is None and self._earliest == number)
        memory[what] = target
        self._earliest = outer
        if not self._active:
            self._steps = 0
        return target

    def _close(self, begun: int, final: bool) -> None:
        """Let go of the questions opened since then, unknown for good where that is final."""
        for memory, module, what in self._trail[begun:]:
            self._open.pop((module, what), None)
            if final:
                memory[what] = None
        del self._trail[begun:]


class Bindings:
    """All that binds a name in one module, scope by scope, and the modules it star-imports from."""

    def __init__(self, module: Module) -> None:
        """Collect the bindings of a module from its index."""
        self._module = module
        self._scopes: defaultdict[ast.AST, defaultdict[str, list[Binding]]] = defaultdict(lambda: defaultdict(list))
        self.attributes: defaultdict[ast.AST, defaultdict[str, list[Assigned]]] = defaultdict(lambda: defaultdict(list))
        self.stars: list[tuple[str, int]] = []
        self._imports()
        self._definitions()
        self._assignments()
        self._parameters()

    def of(self, scope: ast.AST, name: str) -> list[Binding]:
        """Return what binds a name in exactly this scope, in document order."""
        names = self._scopes.get(scope)
        return names.get(name, []) if names else []

    def names(self, scope: ast.AST) -> Iterator[str]:
        """Yield the names that a scope binds."""
        yield from self._scopes.get(scope, {})

    def _bind(self, node: ast.AST, name: str, binding: Binding) -> None:
        scope = self._module.scope(node)
        if scope is not None:
            self._scopes[scope][name].append(binding)

    def _imports(self) -> None:
        for node in self._module.nodes(ast.Import):
            for alias in node.names:
                if alias.asname:
                    self._bind(node, alias.asname, Imported(alias.name, "", 0))
                else:
                    top = alias.name.partition(".")[0]
                    self._bind(node, top, Imported(top, "", 0))
        for star in self._module.nodes(ast.ImportFrom):
            for alias in star.names:
                if alias.name == "*":
                    self.stars.append((star.module or "", star.level))
                else:
                    imported = Imported(star.module or "", alias.name, star.level)
                    self._bind(star, alias.asname or alias.name, imported)

    def _definitions(self) -> None:
        for node in self._module.nodes(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
            self._bind(node, node.name, Defined(node))

    def _assignments(self) -> None:
        for node in self._module.nodes(ast.Assign):
            for target in node.targets:
                self._target(node, target, node.value)
        for annotated in self._module.nodes(ast.AnnAssign):
            if annotated.value is not None:
                self._target(annotated, annotated.target, annotated.value)
        for walrus in self._module.nodes(ast.NamedExpr):
            self._target(walrus, walrus.target, walrus.value)
        for loop in self._module.nodes(ast.For, ast.AsyncFor):
            self._target(loop, loop.target, loop.iter, inside=True)
        for block in self._module.nodes(ast.With, ast.AsyncWith):
            for item in block.items:
                if item.optional_vars is not None:
                    self._target(block, item.optional_vars, item.context_expr)
        for grown in self._module.nodes(ast.AugAssign):
            if isinstance(grown.target, ast.Name):
                self._bind(grown, grown.target.id, Opaque())
        for handler in self._module.nodes(ast.ExceptHandler):
            if handler.name:
                self._bind(handler, handler.name, Opaque())

    def _target(self, node: ast.AST, target: ast.expr, value: ast.expr, inside: bool = False) -> None:
        if isinstance(target, ast.Name):
            self._bind(node, target.id, Assigned(value, inside))
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            owner = self._module.class_of(node)
            if owner is not None:
                self.attributes[owner][target.attr].append(Assigned(value, inside))
        elif isinstance(target, ast.Tuple | ast.List):
            values = value.elts if isinstance(value, ast.Tuple | ast.List) and not inside else []
            paired = len(values) == len(target.elts)
            for position, element in enumerate(target.elts):
                self._target(node, element, values[position] if paired else value, inside=inside or not paired)

    def _parameters(self) -> None:
        for node in self._module.nodes(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
            for argument in every:
                if argument is not None:
                    self._scopes[node][argument.arg].append(Parameter(argument, node))


def resolve(module: Module, node: ast.AST, depth: int = 0) -> Target | None:
    """Return what an expression or definition of this module stands for, or None where that cannot be told."""
    if node in module.meanings:
        return module.meanings[node]
    if isinstance(node, ast.Name):
        return _name(module, node, depth)
    look = functools.partial(_resolve, module, node, depth)
    return module.project.lookups.ask(module, node, module.meanings, depth, look)


def _resolve(module: Module, node: ast.AST, depth: int) -> Target | None:
    if isinstance(node, ast.Attribute):
        if _is_super(node.value):
            return _inherited(module, node, depth + 1)
        base = resolve(module, node.value, depth + 1)
        return attribute(base, node.attr, depth + 1) if base is not None else None
    if isinstance(node, ast.Call):
        return _made(module, node, depth + 1)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return Definition(module, node)
    if isinstance(node, ast.Await):
        return resolve(module, node.value, depth + 1)
    if isinstance(node, ast.BoolOp | ast.IfExp):
        options = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
        return next((found for found in (resolve(module, value, depth + 1) for value in options) if found), None)
    return None


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _inherited(module: Module, node: ast.Attribute, depth: int) -> Target | None:
    """Return what `super().name` stands for: the nearest base of the class around it that has one."""
    owner = module.class_of(node)
    above = [resolve(module, base, depth) for base in owner.bases] if owner is not None and depth <= DEPTH else []
    found = (class_attribute(base, node.attr, depth) for base in above if isinstance(base, Definition))
    return next((target for target in found if target is not None), None)


def bindings_of(module: Module, node: ast.AST, name: str) -> tuple[Scope, list[Binding]] | None:
    """Return the scope that binds a name as seen from a node, and what binds it there; None where nothing does."""
    scope = module.scope(node)
    innermost = True
    while scope is not None:
        if innermost or not isinstance(scope, ast.ClassDef):
            found = module.bindings.of(scope, name)
            if found:
                return scope, found
        innermost = False
        scope = module.scope(scope)
    return None


def _name(module: Module, node: ast.Name, depth: int) -> Target | None:
    """Return what a name stands for: the same wherever the scope that binds it is seen, and so looked for once."""
    found = bindings_of(module, node, node.id)
    if found is None:
        look = functools.partial(_unbound, module, node.id, depth + 1)
        return module.project.lookups.ask(module, node, module.meanings, depth, look)
    scope, bindings = found
    look = functools.partial(_first_told, module, bindings, depth + 1)
    target = module.project.lookups.ask(module, (scope, node.id), module.bound, depth, look)
    if target is not None or (scope, node.id) in module.bound:
        module.meanings[node] = target
    return target


def _first_told(module: Module, bindings: list[Binding], depth: int) -> Target | None:
    return next((target for target in (_bound(module, each, depth) for each in bindings) if target is not None), None)


def _unbound(module: Module, name: str, depth: int) -> Target | None:
    return _starred(module, name, depth) or (External(name) if name in _BUILTINS else None)


def _starred(module: Module, name: str, depth: int) -> Target | None:
    if name.startswith("_") or depth > DEPTH:
        return None
    for source, level in module.bindings.stars:
        other = module.project.find(source, level, module)
        if other is not None and other is not module:
            target = member(other, name, depth + 1)
            if target is not None:
                return target
        elif other is None and source == "flask" and level == 0:
            return External(f"flask.{name}") if name not in _BUILTINS else None
    return None


def _bound(module: Module, binding: Binding, depth: int) -> Target | None:
    if isinstance(binding, Imported):
        return imported(module, binding, depth)
    if isinstance(binding, Defined):
        return Definition(module, binding.node)
    if isinstance(binding, Assigned) and not binding.inside:
        return resolve(module, binding.value, depth + 1)
    if isinstance(binding, Parameter):
        return _parameter(module, binding, depth)
    return None


def _parameter(module: Module, binding: Parameter, depth: int) -> Target | None:
    function = binding.function
    first = [*function.args.posonlyargs, *function.args.args][:1]
    owner = module.scope(function)
    if isinstance(owner, ast.ClassDef) and first and first[0] is binding.argument:
        if any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in getattr(function, "decorator_list", ())):
            return None
        return Instance(Definition(module, owner))
    annotation = binding.argument.annotation
    if annotation is not None:
        kind = resolve(module, annotation, depth + 1)
        if isinstance(kind, External | Definition):
            return Instance(kind)
    return None


def imported(module: Module, binding: Imported, depth: int) -> Target | None:
    """Return what an import binds: a module or member of the project, else the dotted name outside it."""
    if not binding.name:
        other = module.project.find(binding.module, 0, module)
        return Package(other) if other is not None else External(binding.module)
    other = module.project.find(binding.module, binding.level, module)
    if other is not None:
        target = member(other, binding.name, depth + 1) if other is not module else None
        if target is not None:
            return target
        below = module.project.find(f"{binding.module}.{binding.name}".strip("."), binding.level, module)
        return Package(below) if below is not None else None
    below = module.project.find(f"{binding.module}.{binding.name}".strip("."), binding.level, module)
    if below is not None:
        return Package(below)
    return _external(f"{binding.module}.{binding.name}") if binding.level == 0 else None


def member(module: Module, name: str, depth: int = 0) -> Target | None:
    """Return what a name at the top of a module stands for, star imports included."""
    look = functools.partial(_member, module, name, depth)
    return module.project.lookups.ask(module, name, module.members, depth, look)


def _member(module: Module, name: str, depth: int) -> Target | None:
    return _first_told(module, module.bindings.of(module.tree, name), depth + 1) or _starred(module, name, depth + 1)


def attribute(base: Target, name: str, depth: int = 0) -> Target | None:
    """Return what `base.name` stands for."""
    if depth > DEPTH:
        return None
    if isinstance(base, External):
        return _external(f"{base.name}.{name}")
    if isinstance(base, Package):
        found = member(base.module, name, depth + 1)
        if found is None:
            below = base.module.project.find(name, 1, base.module) if base.module.package else None
            return Package(below) if below is not None else None
        return found
    kind = base if isinstance(base, Definition) else base.kind
    if isinstance(kind, External):
        return _external(f"{kind.name}.{name}")
    return class_attribute(kind, name, depth + 1) if isinstance(kind.node, ast.ClassDef) else None


def lineage(kind: Definition | External) -> list[Definition | External]:
    """Return a class and all its bases, nearest first, each once, as far as the project shows them."""
    found: dict[Definition | External, None] = {}
    waiting: list[Definition | External] = [kind]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found[current] = None
        if isinstance(current, Definition) and isinstance(current.node, ast.ClassDef):
            above = [resolve(current.module, base) for base in reversed(current.node.bases)]
            waiting.extend(each for each in above if isinstance(each, Definition | External))
    return list(found)


def class_attribute(kind: Definition, name: str, depth: int = 0) -> Target | None:
    """Return what an attribute of a class stands for: set in its body or on `self`, its own or of a base.

    What the project defines comes before what a base outside it may have.
    """
    family = lineage(kind)
    for each in family:
        if isinstance(each, Definition):
            module, node = each.module, each.node
            for binding in [*module.bindings.of(node, name), *module.bindings.attributes[node].get(name, [])]:
                target = _bound(module, binding, depth + 1)
                if target is not None:
                    return target
    outside = next((each for each in family if isinstance(each, External)), None)
    return _external(f"{outside.name}.{name}") if outside is not None else None


def _external(name: str) -> External:
    for known, same in _SAME.items():
        if name == known or name.startswith(known + "."):
            return External(same + name[len(known) :])
    return External(name)


def _made(module: Module, call: ast.Call, depth: int) -> Target | None:
    callee = resolve(module, call.func, depth + 1)
    if isinstance(callee, External):
        if callee.name in _RETURNS:
            return Instance(External(_RETURNS[callee.name]), module, call)
        last = callee.name.rpartition(".")[2]
        return Instance(callee, module, call) if last[:1].isupper() else None
    if not isinstance(callee, Definition):
        return None
    if isinstance(callee.node, ast.ClassDef):
        return Instance(callee, module, call)
    return _returned(callee, depth + 1)


def _returned(function: Definition, depth: int) -> Target | None:
    module = function.module
    if depth > DEPTH or isinstance(function.node, ast.ClassDef):
        return None
    for statement in module.returns(function.node):
        target = resolve(module, statement.value, depth + 1) if statement.value is not None else None
        if isinstance(target, Instance):
            return target
    if function.node.returns is not None:
        kind = resolve(module, function.node.returns, depth + 1)
        if isinstance(kind, External | Definition):
            return Instance(kind)
    return None
