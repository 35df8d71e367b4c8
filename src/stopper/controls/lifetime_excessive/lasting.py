"""How long something lasts: the seconds of a duration, or from now to a point in time, as the source writes it."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from stopper.observe.source import Module
from stopper.observe.source.flows import last_name
from stopper.observe.source.names import Assigned, Parameter, bindings_of

_UNITS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
_ORDER = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
"""The parameters of `timedelta`, in their order."""

_CLOCKS = frozenset("now utcnow time today time_ns get_current_timestamp datetime_now utc_now _time".split())
_CLOCK_NAMES = frozenset("now iat issued_at current_time issue_time utcnow timestamp now_utc utc_now".split())
_SAME = frozenset({"int", "float", "round", "total_seconds", "timestamp", "timegm", "utctimetuple", "timetuple"})
_READS = frozenset({"get", "getenv", "config", "env", "int"})
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Sub: operator.sub,
}
_DEEPEST = 8
_LARGEST_POWER = 20


def duration(module: Module, node: ast.expr, depth: int = 0) -> float | None:
    """Return the seconds of a number, a `timedelta`, or arithmetic with them; None where that cannot be told.

    A parameter counts by its default, a setting from the environment by what stands in for it.
    """
    if depth > _DEEPEST:
        return None
    known = module.constant(node)
    if isinstance(known, int | float | str):
        return _number(known)
    if isinstance(node, ast.BinOp):
        return _computed(module, node, depth)
    if isinstance(node, ast.Call):
        return _called(module, node, depth)
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return duration(module, node.values[-1], depth + 1)
    inner = bound(module, node)
    return duration(module, inner, depth + 1) if inner is not None else None


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None


def _computed(module: Module, node: ast.BinOp, depth: int) -> float | None:
    left, right = duration(module, node.left, depth + 1), duration(module, node.right, depth + 1)
    if left is None or right is None:
        return None
    if isinstance(node.op, ast.Pow):
        return left**right if abs(left) <= 10_000 and 0 <= right <= _LARGEST_POWER else None
    compute = _ARITHMETIC.get(type(node.op))
    return compute(left, right) if compute is not None else None


def _called(module: Module, call: ast.Call, depth: int) -> float | None:
    name = last_name(call)
    if name == "timedelta":
        return _timedelta(module, call, depth)
    if (name in _READS and len(call.args) > 1) or any(keyword.arg == "default" for keyword in call.keywords):
        default = [*(keyword.value for keyword in call.keywords if keyword.arg == "default"), *call.args[1:2]]
        return duration(module, default[0], depth + 1)
    inner = call.func.value if isinstance(call.func, ast.Attribute) and not call.args else next(iter(call.args), None)
    return duration(module, inner, depth + 1) if name in _SAME and inner is not None else None


def _timedelta(module: Module, call: ast.Call, depth: int) -> float | None:
    parts = list(zip(_ORDER, call.args, strict=False))
    parts.extend((keyword.arg or "", keyword.value) for keyword in call.keywords)
    total = 0.0
    for unit, value in parts:
        number = duration(module, value, depth + 1)
        if number is None or unit not in _UNITS:
            return None
        total += _UNITS[unit] * number
    return total


def from_now(module: Module, node: ast.expr, depth: int = 0) -> float | None:
    """Return the seconds from now to a point in time: `datetime.now() + timedelta(days=1)`, `int(time()) + 3600`."""
    if depth > _DEEPEST:
        return None
    if _is_now(node):
        return 0.0
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for start, rest in ((node.left, node.right), (node.right, node.left)):
            before = from_now(module, start, depth + 1)
            if before is not None:
                after = duration(module, rest)
                return before + after if after is not None else None
        return None
    if isinstance(node, ast.Call) and last_name(node) in _SAME:
        inner = (
            node.func.value if isinstance(node.func, ast.Attribute) and not node.args else next(iter(node.args), None)
        )
        return from_now(module, inner, depth + 1) if inner is not None else None
    inner = bound(module, node)
    return from_now(module, inner, depth + 1) if inner is not None else None


def _is_now(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return last_name(node) in _CLOCKS
    return isinstance(node, ast.Name) and node.id in _CLOCK_NAMES


def bound(module: Module, node: ast.expr) -> ast.expr | None:
    """Return the one expression that a name is given; a parameter is given its default."""
    found = bindings_of(module, node, node.id) if isinstance(node, ast.Name) else None
    if found is None or len(found[1]) != 1:
        return None
    only = found[1][0]
    if isinstance(only, Assigned) and not only.inside:
        return only.value
    return _default(only) if isinstance(only, Parameter) else None


def _default(parameter: Parameter) -> ast.expr | None:
    arguments = parameter.function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(reversed(positional), reversed(arguments.defaults), strict=False)]
    pairs.extend(
        (each, value) for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value
    )
    return next((value for each, value in pairs if each is parameter.argument), None)
