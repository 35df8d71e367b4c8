"""What a module writes into settings, and where a value that a call is given is written."""

from __future__ import annotations

import ast
import weakref
from collections import defaultdict
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from stopper.observe.source import names
from stopper.observe.source.constants import UNKNOWN

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def settings(module: Module, wanted: frozenset[str]) -> Iterator[tuple[ast.AST, Any]]:
    """Yield (where, constant) for each of these settings that the module writes, in any of the ways Flask offers.

    `app.config["X"] = ...`, a class attribute, `from_mapping(X=...)`, `update(X=...)`, a dictionary's member. A value
    that cannot be told is UNKNOWN, a timedelta its seconds.
    """
    if not any(name in module.text for name in wanted):
        return
    given = assigned(module)
    for _, node, value in sorted((each for name in wanted for each in given.get(name, ())), key=itemgetter(0)):
        known = module.constant(value)
        lasting = seconds(module, value)
        yield node, lasting if known is UNKNOWN and lasting is not None else known


_ASSIGNED: weakref.WeakKeyDictionary[Module, Mapping[str, list[tuple[int, ast.AST, ast.expr]]]] = (
    weakref.WeakKeyDictionary()
)


def assigned(module: Module) -> Mapping[str, list[tuple[int, ast.AST, ast.expr]]]:
    """Return what a module gives a value, by name: (position among all, where, the value's expression) each."""
    if module not in _ASSIGNED:
        found: defaultdict[str, list[tuple[int, ast.AST, ast.expr]]] = defaultdict(list)
        for position, (node, name, value) in enumerate(_written(module)):
            found[name].append((position, node, value))
        _ASSIGNED[module] = dict(found)
    return _ASSIGNED[module]


def _written(module: Module) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    for assign in module.nodes(ast.Assign):
        for target in assign.targets:
            if isinstance(target, ast.Name):
                yield assign, target.id, assign.value
            elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                yield assign, str(target.slice.value), assign.value
    for annotated in module.nodes(ast.AnnAssign):
        if isinstance(annotated.target, ast.Name) and annotated.value is not None:
            yield annotated, annotated.target.id, annotated.value
    for call in module.nodes(ast.Call):
        for keyword in call.keywords:
            if keyword.arg:
                yield keyword, keyword.arg, keyword.value
    for mapping in module.nodes(ast.Dict):
        for key, value in zip(mapping.keys, mapping.values, strict=True):
            if isinstance(key, ast.Constant):
                yield key, str(key.value), value


def seconds(module: Module, node: ast.expr | None) -> float | None:
    """Return the seconds of a number or a `timedelta` written with numbers, None for anything else."""
    if node is None:
        return None
    known = module.constant(node)
    if isinstance(known, int | float) and not isinstance(known, bool):
        return float(known)
    if not isinstance(node, ast.Call) or module.qualified(node.func) != "datetime.timedelta":
        return None
    parts = [("days", argument) for argument in node.args[:1]]
    parts.extend((keyword.arg or "", keyword.value) for keyword in node.keywords)
    total = 0.0
    for unit, value in parts:
        number = module.constant(value)
        if unit not in _SECONDS or not isinstance(number, int | float):
            return None
        total += _SECONDS[unit] * number
    return total


def written(module: Module, node: ast.expr) -> ast.AST | None:
    """Return where a value is written in this module: the expression itself, or what its name is bound to once."""
    if not isinstance(node, ast.Name):
        return node
    found = names.bindings_of(module, node, node.id)
    bound = [binding.value for binding in found[1] if isinstance(binding, names.Assigned)] if found else []
    return bound[0] if len(bound) == 1 else None
