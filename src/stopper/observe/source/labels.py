"""What an expression takes is called: the last name, key or header under which a value is found."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stopper.observe.source.flows.spelling import last_name

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

_SAME_VALUE = frozenset({"strip", "lstrip", "rstrip", "encode", "decode", "lower", "upper", "hex", "get_secret_value"})
_READS = frozenset({"get", "getenv", "pop", "getlist"})


def label(module: Module, node: ast.AST) -> str:
    """Return `token` for `token`, `user.token`, `data["token"]`, `args.get("token")`, `getenv("token")`; "" for others.

    `form.token.data` is WTForms' way to write `form.token`.
    """
    if isinstance(node, ast.Attribute) and node.attr == "data":
        return last_name(node.value)
    if isinstance(node, ast.Name | ast.Attribute):
        return last_name(node)
    key = _key(node)
    known = module.constant(key) if key is not None else None
    return known if isinstance(known, str) else ""


def _key(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.Subscript):
        return None if isinstance(node.slice, ast.Slice) else node.slice
    if isinstance(node, ast.Call) and node.args:
        name = last_name(node)
        return node.args[0] if name in _READS or name.startswith(("get_", "getenv")) else None
    return None


def bare(node: ast.expr) -> ast.expr:
    """Return the value in what leaves it as it is: `x.strip()`, `x.encode()`, `str(x)`, `x[7:]`, `f"Bearer {x}"`."""
    while True:
        inner = _inside(node)
        if inner is None:
            return node
        node = inner


def _inside(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in _SAME_VALUE:
            return node.func.value
        plain = isinstance(node.func, ast.Name) and node.func.id in ("str", "bytes") and len(node.args) > 0
        return node.args[0] if plain else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        return parts[0] if len(parts) == 1 else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.Constant):
        return node.right
    return node.value if isinstance(node, ast.Await) else None
