"""Where the program writes the headers of CORS itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from stopper.observe.source import Definition, Function, Module, within
from stopper.observe.source.flows import last_name

_ORIGIN = "access-control-allow-origin"
_CREDENTIALS = "access-control-allow-credentials"
_SETTERS = frozenset({"set", "setdefault", "add", "add_header"})
_HANDS_ON = frozenset(
    {*_SETTERS, "str", "print", "debug", "info", "warning", "get", "strip", "update", "make_response"}
)
"""Calls that only hand a value on."""

_PRESENT = (ast.Is, ast.IsNot)


def written(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield where the origin that asks is sent back with credentials allowed; why, or "" where it is chosen first."""
    if not module.mentions(_CREDENTIALS):
        return
    set_by: dict[Function, list[tuple[ast.AST, str, ast.expr]]] = {}
    for node, name, value in _headers(module):
        function = module.function_of(node)
        if function is not None and name in (_ORIGIN, _CREDENTIALS):
            set_by.setdefault(function, []).append((node, name, value))
    for function, every in set_by.items():
        allowed = any(name == _CREDENTIALS and _is_true(module, value) for _, name, value in every)
        for node, name, value in every if allowed else ():
            if name == _ORIGIN and _asks(module, value, function):
                chosen = _held_against_list(node, function) or _chosen_in(module, value)
                yield node, "" if chosen else "the origin that asks is sent back"


def _headers(module: Module) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    for assign in module.nodes(ast.Assign):
        target = assign.targets[0]
        if isinstance(target, ast.Subscript):
            yield assign, _name(target.slice), assign.value
    for call in module.nodes(ast.Call):
        if last_name(call) in _SETTERS and len(call.args) > 1:
            yield call, _name(call.args[0]), call.args[1]
    for mapping in module.nodes(ast.Dict):
        for key, value in zip(mapping.keys, mapping.values, strict=True):
            if key is not None:
                yield key, _name(key), value


def _name(node: ast.expr) -> str:
    return node.value.lower() if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_true(module: Module, value: ast.expr) -> bool:
    known = module.constant(value)
    return known is True or (isinstance(known, str) and known.lower() == "true")


def _asks(module: Module, value: ast.expr, function: Function) -> bool:
    """Tell whether a value is the request's origin, through one variable or a function of the project."""
    if any(_is_origin(part) for part in within(value)):
        return True
    if isinstance(value, ast.Name):
        given = (node for node in within(function) if isinstance(node, ast.Assign))
        return any(
            last_name(each.targets[0]) == value.id
            and not isinstance(each.value, ast.Name)
            and _asks(module, each.value, function)
            for each in given
        )
    target = module.resolve(value.func) if isinstance(value, ast.Call) else None
    if isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef):
        returned = (each.value for each in target.module.returns(target.node) if each.value is not None)
        return any(_is_origin(part) for each in returned for part in within(each))
    return False


def _is_origin(node: ast.AST) -> bool:
    """Tell whether a node reads the Origin header: `headers.get("Origin")`, `headers["Origin"]`, `request.origin`."""
    if isinstance(node, ast.Attribute):
        return node.attr == "origin" and last_name(node.value) == "request"
    key: ast.expr | None = node.slice if isinstance(node, ast.Subscript) else None
    holder: ast.expr | None = node.value if isinstance(node, ast.Subscript) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        key, holder = node.args[0], node.func.value
    if key is None or holder is None:
        return False
    return _name(key) in ("origin", "http_origin") and last_name(holder) in ("headers", "environ")


def _held_against_list(node: ast.AST, function: Function) -> bool:
    """Tell whether the function looks the origin up, or hands it to something that judges it."""
    names = {last_name(each.targets[0]) for each in within(function) if isinstance(each, ast.Assign) and _takes(each)}
    return any(_judges(part, names) for part in within(function) if part is not node)


def _takes(assign: ast.Assign) -> bool:
    return not isinstance(assign.value, ast.Dict) and any(_is_origin(part) for part in within(assign.value))


def _judges(node: ast.AST, names: set[str]) -> bool:
    sides: list[ast.expr] = []
    if isinstance(node, ast.Compare) and not isinstance(node.ops[0], _PRESENT):
        sides = [node.left, *node.comparators]
    elif isinstance(node, ast.Call) and last_name(node) not in _HANDS_ON:
        sides = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
    return any(_speaks(part, names) for side in sides for part in within(side))


def _speaks(node: ast.AST, names: set[str]) -> bool:
    return _is_origin(node) or (isinstance(node, ast.Name) and node.id in names)


def _chosen_in(module: Module, value: ast.expr) -> bool:
    """Tell whether the function that answers with the origin compares it first."""
    target = module.resolve(value.func) if isinstance(value, ast.Call) else None
    if not isinstance(target, Definition) or isinstance(target.node, ast.ClassDef):
        return False
    return any(
        isinstance(part, ast.Compare) and isinstance(part.ops[0], ast.In | ast.NotIn) for part in within(target.node)
    )
