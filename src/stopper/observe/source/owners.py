"""What routes hang on: applications, blueprints, Flask-RESTful and RESTX APIs and namespaces, and their prefixes.

Two objects of one class are told apart by the call that made them.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stopper.observe.source import names, registering
from stopper.observe.source.names import Definition, External, Instance
from stopper.observe.source.registering import Run

if TYPE_CHECKING:
    from stopper.observe.source.module import Module, Project

APPLICATION, BLUEPRINT, API, NAMESPACE = "application", "blueprint", "api", "namespace"

_KINDS = {
    "Flask": APPLICATION,
    "APIFlask": APPLICATION,
    "OpenAPI": APPLICATION,
    "Quart": APPLICATION,
    "Blueprint": BLUEPRINT,
    "APIBlueprint": BLUEPRINT,
    "Api": API,
    "Namespace": NAMESPACE,
}
_FRAMEWORK = re.compile(r"(flask|apiflask|quart)(_\w+)?(\.|$)")
_CONVERTER = re.compile(r"<(?:[A-Za-z_][\w.]*(?:\([^)]*\))?:)?([A-Za-z_]\w*)>")

Key = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Registration:
    """A blueprint, namespace or API hung on something: on what (None where unknown), under which prefix of its own.

    `prefix` is None where the child's own default holds.
    """

    parent: Instance | None
    prefix: str | None


def ancestry(kind: Definition | External) -> list[str]:
    """Return the dotted names of a class and of all its bases, as far as the project shows them."""
    family = names.lineage(kind)
    return [each.name if isinstance(each, External) else each.module.qualified_definition(each.node) for each in family]


def kind_of(target: names.Target | None) -> str | None:
    """Return application, blueprint, api or namespace for such an object, else None."""
    if not isinstance(target, Instance):
        return _KINDS.get("Flask") if isinstance(target, External) and target.name == "flask.Flask" else None
    for name in ancestry(target.kind):
        last = name.rpartition(".")[2]
        if last in _KINDS and _FRAMEWORK.match(name):
            return _KINDS[last]
    return None


def key_of(target: Instance) -> Key | None:
    """Return what tells an object apart: the file and position of the call that made it."""
    if target.call is None or target.module is None:
        return None
    return target.module.path, target.call.lineno, target.call.col_offset


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """Return a call's argument by keyword, else by position."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is not None and position < len(call.args) and not isinstance(call.args[position], ast.Starred):
        return call.args[position]
    return None


def text(module: Module, node: ast.AST | None) -> str | None:
    """Return the string that an expression always is, None where it is absent, no string or unknown."""
    value = module.constant(node) if node is not None else None
    return value if isinstance(value, str) else None


def join(prefix: str, rule: str) -> str:
    """Return the path template of a rule under a prefix: `/api/` and `<int:id>` make `/api/{id}`."""
    path = prefix.rstrip("/") + "/" + rule.lstrip("/") if rule else prefix
    return _CONVERTER.sub(r"{\1}", "/" + path.lstrip("/"))


def elements(module: Module, node: ast.AST) -> list[Instance]:
    """Return the objects an expression may be: one, or each of a literal list that a loop runs over."""
    target = module.resolve(node)
    if isinstance(target, Instance):
        return [target]
    if not isinstance(node, ast.Name):
        return []
    found = names.bindings_of(module, node, node.id)
    values = [binding.value for binding in found[1] if isinstance(binding, names.Assigned)] if found else []
    return [instance for value in values for instance in _listed(module, value)]


def _listed(module: Module, value: ast.expr) -> list[Instance]:
    if isinstance(value, ast.Name):
        found = names.bindings_of(module, value, value.id)
        inner = [binding.value for binding in found[1] if isinstance(binding, names.Assigned)] if found else []
        return [
            instance for each in inner if isinstance(each, ast.List | ast.Tuple) for instance in _listed(module, each)
        ]
    if not isinstance(value, ast.List | ast.Tuple):
        return []
    targets = [module.resolve(element) for element in value.elts]
    return [target for target in targets if isinstance(target, Instance)]


class Owners:
    """What hangs on what in a project, and under which prefixes."""

    def __init__(self, project: Project) -> None:
        """Collect the registrations of a project's modules."""
        self._registered: defaultdict[Key, list[Registration]] = defaultdict(list)
        self._unnamed: defaultdict[str, list[Registration]] = defaultdict(list)
        for module in project.routed:
            for call in module.nodes(ast.Call):
                if isinstance(call.func, ast.Attribute):
                    self._register(module, call, call.func)

    def _register(self, module: Module, call: ast.Call, function: ast.Attribute) -> None:
        parent = function.value
        if function.attr == "register_blueprint":
            self._run(module, call, parent, argument(call, "blueprint", 0), argument(call, "url_prefix", 1), BLUEPRINT)
        elif function.attr == "add_namespace":
            self._run(module, call, parent, argument(call, "ns", 0), argument(call, "path", 1), NAMESPACE)
        elif function.attr == "init_app" and kind_of(module.resolve(parent)) == API:
            given = argument(call, "app", 0)
            above = module.resolve(given) if given is not None else None
            self._hang(above, elements(module, parent), None, API)

    def _run(
        self,
        module: Module,
        call: ast.Call,
        parent: ast.expr,
        child: ast.expr | None,
        prefix: ast.expr | None,
        kind: str,
    ) -> None:
        """Take in what a call registers, each time that it runs."""
        for run in registering.runs(module, call) or [Run()]:
            home, holder = run.one(module, parent)
            above = home.resolve(holder)
            children = elements(*run.one(module, child)) if child is not None else []
            self._hang(above, children, run.text(module, prefix) if prefix is not None else None, kind)

    def _hang(self, above: names.Target | None, children: list[Instance], prefix: str | None, kind: str) -> None:
        registration = Registration(above if isinstance(above, Instance) else None, prefix)
        for key in [key_of(instance) for instance in children]:
            if key is not None and registration not in self._registered[key]:
                self._registered[key].append(registration)
        if not children:
            self._unnamed[kind].append(registration)

    def registrations(self, owner: Instance) -> list[Registration]:
        """Return where an object hangs, with the parent that its own making names."""
        key = key_of(owner)
        found = list(self._registered.get(key, ())) if key is not None else []
        if owner.call is None or owner.module is None:
            return found
        kind = kind_of(owner)
        above: names.Target | None = None
        if kind == API:
            given = argument(owner.call, "app", 0)
            above = owner.module.resolve(given) if given is not None else None
        elif kind == NAMESPACE and isinstance(owner.call.func, ast.Attribute):
            above = owner.module.resolve(owner.call.func.value)
        if isinstance(above, Instance):
            found.append(Registration(above, None))
        if not found and len(set(self._unnamed[kind or ""])) == 1:
            return self._unnamed[kind or ""][:1]  # one loop over a list that cannot be read hangs up all that is left
        return found

    def prefixes(self, owner: Instance, depth: int = 0) -> list[str]:
        """Return the prefixes that an object's routes are served under: one for each time it is registered."""
        own = self._own_prefix(owner)
        found = self.registrations(owner) if kind_of(owner) != APPLICATION else []
        if not found or depth > 8:
            return [own]
        result: list[str] = []
        for registration in found:
            mine = own if registration.prefix is None else registration.prefix
            above = self.prefixes(registration.parent, depth + 1) if registration.parent is not None else [""]
            result.extend(prefix.rstrip("/") + mine for prefix in above)
        return list(dict.fromkeys(result))

    def _own_prefix(self, owner: Instance) -> str:
        if owner.call is None or owner.module is None:
            return ""
        kind = kind_of(owner)
        if kind == BLUEPRINT:
            return text(owner.module, argument(owner.call, "url_prefix")) or ""
        if kind == API:
            return text(owner.module, argument(owner.call, "prefix")) or ""
        if kind == NAMESPACE:
            path = text(owner.module, argument(owner.call, "path"))
            return path if path is not None else "/" + (text(owner.module, argument(owner.call, "name", 0)) or "")
        return ""

    def chain(self, owner: Instance | None, depth: int = 0) -> tuple[frozenset[Key], bool]:
        """Return all objects that a route's owner hangs on, itself included, and whether some of them are unknown."""
        if owner is None or key_of(owner) is None or depth > 8:
            return frozenset(), True
        keys = {key for key in (key_of(owner),) if key is not None}
        if kind_of(owner) == APPLICATION:
            return frozenset(keys), False
        found = self.registrations(owner)
        unknown = not found
        for registration in found:
            above, lost = self.chain(registration.parent, depth + 1)
            keys |= above
            unknown = unknown or lost
        return frozenset(keys), unknown

    def applications(self, owner: Instance | None, depth: int = 0) -> frozenset[Key]:
        """Return the applications that an object hangs on in the end, none where that is unknown."""
        if owner is None or depth > 8:
            return frozenset()
        key = key_of(owner)
        if kind_of(owner) == APPLICATION:
            return frozenset({key}) if key is not None else frozenset()
        found: frozenset[Key] = frozenset()
        for registration in self.registrations(owner):
            found |= self.applications(registration.parent, depth + 1)
        return found
