"""The literal value of an expression: through names, class attributes, module constants and simple arithmetic."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from stopper.observe.source import names

if TYPE_CHECKING:
    from stopper.observe.source.module import Module


class Unknown:
    """The type of UNKNOWN; false, so that `value or default` reads well where None and "" do not matter."""

    def __repr__(self) -> str:
        """Return UNKNOWN."""
        return "UNKNOWN"

    def __bool__(self) -> bool:
        """Return False."""
        return False


UNKNOWN: Final = Unknown()
"""What a value is that cannot be told from the source; None is a value."""

_LONGEST = 100_000
_DEEPEST = 30

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.BitOr: operator.or_,
}


def constant(module: Module, node: ast.AST, depth: int = 0) -> Any:
    """Return the value that an expression always has, or UNKNOWN. Names bound to two different values are UNKNOWN."""
    if depth > _DEEPEST:
        return UNKNOWN
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name | ast.Attribute):
        return _named(module, node, depth + 1)
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return _sequence(module, node, depth + 1)
    if isinstance(node, ast.Dict):
        return _mapping(module, node, depth + 1)
    if isinstance(node, ast.JoinedStr):
        parts = [constant(module, value, depth + 1) for value in node.values]
        return UNKNOWN if UNKNOWN in parts else "".join(str(part) for part in parts)
    if isinstance(node, ast.FormattedValue):
        return constant(module, node.value, depth + 1) if node.format_spec is None else UNKNOWN
    if isinstance(node, ast.BinOp):
        return _computed(module, node, depth + 1)
    if isinstance(node, ast.UnaryOp):
        return _signed(module, node, depth + 1)
    if isinstance(node, ast.Call):
        return _converted(module, node, depth + 1)
    return UNKNOWN


def _named(module: Module, node: ast.Name | ast.Attribute, depth: int) -> Any:
    if isinstance(node, ast.Name):
        found = names.bindings_of(module, node, node.id)
        if found is not None:
            return _agreed(module, found[1], depth)
        for source, level in module.bindings.stars:
            other = module.project.find(source, level, module)
            if other is not None and other is not module and node.id in set(other.bindings.names(other.tree)):
                return _agreed(other, other.bindings.of(other.tree, node.id), depth)
        return UNKNOWN
    base = names.resolve(module, node.value)
    if isinstance(base, names.Package):
        return _agreed(base.module, base.module.bindings.of(base.module.tree, node.attr), depth)
    kind = base.kind if isinstance(base, names.Instance) else base
    return _class_value(kind, node.attr, depth) if isinstance(kind, names.Definition) else UNKNOWN


def _class_value(kind: names.Definition, name: str, depth: int) -> Any:
    for each in names.lineage(kind):
        if isinstance(each, names.Definition):
            module, node = each.module, each.node
            found = [*module.bindings.of(node, name), *module.bindings.attributes[node].get(name, [])]
            if found:
                return _agreed(module, found, depth)
    return UNKNOWN


def _agreed(module: Module, found: list[Any], depth: int) -> Any:
    values: list[Any] = []
    for binding in found:
        values.append(_bound(module, binding, depth))
        if values[-1] is UNKNOWN:  # at once: names that are bound to one another would be followed in every order
            return UNKNOWN
    if not values:
        return UNKNOWN
    first = values[0]
    return first if all(type(value) is type(first) and value == first for value in values) else UNKNOWN


def _bound(module: Module, binding: names.Binding, depth: int) -> Any:
    if isinstance(binding, names.Assigned) and not binding.inside:
        return constant(module, binding.value, depth + 1)
    if isinstance(binding, names.Imported) and binding.name:
        other = module.project.find(binding.module, binding.level, module)
        if other is not None and other is not module and depth <= _DEEPEST:
            found = other.bindings.of(other.tree, binding.name)
            return _agreed(other, found, depth + 1)
    return UNKNOWN


def _sequence(module: Module, node: ast.Tuple | ast.List | ast.Set, depth: int) -> Any:
    values = [constant(module, element, depth) for element in node.elts]
    if UNKNOWN in values:
        return UNKNOWN
    if isinstance(node, ast.List):
        return values
    try:
        return tuple(values) if isinstance(node, ast.Tuple) else frozenset(values)
    except TypeError:
        return UNKNOWN


def _mapping(module: Module, node: ast.Dict, depth: int) -> Any:
    result: dict[Any, Any] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        known = constant(module, key, depth) if key is not None else UNKNOWN
        if isinstance(known, Unknown | list | dict):
            return UNKNOWN
        result[known] = constant(module, value, depth)
    return UNKNOWN if UNKNOWN in result.values() else result


def _computed(module: Module, node: ast.BinOp, depth: int) -> Any:
    compute = _ARITHMETIC.get(type(node.op))
    if compute is None:
        return UNKNOWN
    left, right = constant(module, node.left, depth), constant(module, node.right, depth)
    if UNKNOWN in (left, right) or _huge(left) or _huge(right):
        return UNKNOWN
    if isinstance(node.op, ast.Mult) and not (isinstance(left, int | float) and isinstance(right, int | float)):
        return UNKNOWN
    try:
        return compute(left, right)
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN


def _huge(value: Any) -> bool:
    if isinstance(value, int):
        return value.bit_length() > 256
    return hasattr(value, "__len__") and len(value) > _LONGEST


def _signed(module: Module, node: ast.UnaryOp, depth: int) -> Any:
    value = constant(module, node.operand, depth)
    if isinstance(node.op, ast.Not) and value is not UNKNOWN:
        return not value
    if isinstance(node.op, ast.USub) and isinstance(value, int | float):
        return -value
    return UNKNOWN


def _converted(module: Module, node: ast.Call, depth: int) -> Any:
    """Return the value of `"text".encode()`, `b"".decode()`, `str(x)`, `bytes(x)`: what keys are written with."""
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("encode", "decode", "strip") and not node.keywords:
        value = constant(module, node.func.value, depth)
        try:
            if isinstance(value, str):
                return value.encode() if node.func.attr == "encode" else value.strip()
            return value.decode() if isinstance(value, bytes) and node.func.attr == "decode" else UNKNOWN
        except UnicodeError:
            return UNKNOWN
    if isinstance(node.func, ast.Name) and node.func.id in ("str", "list", "tuple", "frozenset", "set"):
        return constant(module, node.args[0], depth) if len(node.args) == 1 and not node.keywords else UNKNOWN
    return UNKNOWN
