"""What an expression takes from the request: which part of it, under which name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stopper.observe.source import names
from stopper.observe.source.guards import dotted

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

_PARTS = ("headers", "args", "values", "form", "cookies", "json", "environ")
_GETTERS = frozenset({"get", "getlist", "pop"})


@dataclass(frozen=True, slots=True)
class Taken:
    """One value of the request: its part (`headers`, `args`, `values`, ...) and its name, in lower case for headers.

    `HTTP_X_FORWARDED_PROTO` of the environ is the header `x-forwarded-proto`. `presence` says that only its being
    there was asked (`"token" in request.args`).
    """

    node: ast.expr
    part: str
    name: str
    presence: bool = False


def taken(module: Module, node: ast.AST) -> Taken | None:
    """Return what one expression takes from the request by a name that is known, None for any other expression."""
    if isinstance(node, ast.Subscript):
        return _value(module, node, node.value, node.slice)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        return _value(module, node, node.func.value, node.args[0]) if node.func.attr in _GETTERS else None
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
        found = _value(module, node, node.comparators[0], node.left)
        return Taken(node, found.part, found.name, presence=True) if found is not None else None
    return None


def all_taken(module: Module) -> Iterator[Taken]:
    """Yield all that a module takes from the request by name."""
    if "request" not in module.text and "headers" not in module.text:
        return
    for node in module.nodes(ast.Subscript, ast.Call, ast.Compare):
        found = taken(module, node)
        if found is not None:
            yield found


def _value(module: Module, node: ast.expr, holder: ast.expr, key: ast.expr) -> Taken | None:
    part = _part(module, holder)
    name = module.constant(key) if part else None
    if not isinstance(name, str):
        return None
    if part == "environ":
        if not name.upper().startswith("HTTP_"):
            return None
        part, name = "headers", name[5:].replace("_", "-")
    return Taken(node, part, name.lower() if part == "headers" else name)


def _part(module: Module, holder: ast.expr) -> str:
    """Return the part of the request that an expression is, "" for anything else."""
    if isinstance(holder, ast.Call):
        return "json" if module.qualified(holder.func) == "flask.request.get_json" else ""
    if not _may_be_part(module, holder):
        return ""
    name = module.qualified(holder)
    if name is not None and not name.endswith("datastructures.Headers"):
        part = name.removeprefix("flask.request.")
        return part if part in _PARTS and part != name else ""
    written = dotted(holder)
    before, _, last = written.rpartition(".")
    if last in _PARTS and before.rpartition(".")[2].rpartition("_")[2] in ("request", "req"):
        return last
    # `headers` handed on to a function of its own is the request's, where nothing says otherwise
    return "headers" if written == "headers" and isinstance(holder, ast.Name) and _parameter(module, holder) else ""


def _may_be_part(module: Module, holder: ast.expr) -> bool:
    """Tell by its spelling whether an expression can be a part of the request, before its meaning is looked up."""
    if isinstance(holder, ast.Attribute):
        return holder.attr in _PARTS
    found = names.bindings_of(module, holder, holder.id) if isinstance(holder, ast.Name) else None
    values = [getattr(binding, "value", None) for binding in found[1]] if found is not None else []
    named = any(isinstance(value, ast.Attribute) and value.attr in _PARTS for value in values)
    return named or (isinstance(holder, ast.Name) and holder.id in _PARTS)


def _parameter(module: Module, node: ast.Name) -> bool:
    found = names.bindings_of(module, node, node.id)
    return found is not None and all(isinstance(binding, names.Parameter) for binding in found[1])
