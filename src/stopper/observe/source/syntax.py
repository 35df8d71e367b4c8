"""One walk over a syntax tree, shared by all that ask about it: nodes by type, parents, enclosing scopes."""

from __future__ import annotations

import ast
import contextlib
import gc
import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, cast

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_SCOPES = frozenset({ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda})
_NO_CHILDREN = frozenset(
    "ctx op ops type_comment kind id attr arg asname module level is_async simple conversion".split()
)
_LEAVES = frozenset({ast.Constant, ast.alias, ast.Global, ast.Nonlocal})
"""What has fields with the names of others' children, and none itself."""


class _Children(dict[type[ast.AST], tuple[str, ...]]):
    """The names of the fields in which nodes of a kind have others, last first."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        fields = () if kind in _LEAVES else reversed(kind._fields)
        self[kind] = tuple(name for name in fields if name not in _NO_CHILDREN)
        return self[kind]


_CHILDREN = _Children()


class Index:
    """What one walk over a tree finds. Operators and expression contexts are left out: their owners hold them."""

    def __init__(self, tree: ast.Module) -> None:
        """Walk the tree once, without recursion, in document order."""
        by_type: defaultdict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        parents: dict[ast.AST, ast.AST] = {}
        stack: list[ast.AST] = [tree]
        while stack:
            node = stack.pop()
            kind = node.__class__
            by_type[kind].append(node)
            for name in _CHILDREN[kind]:
                value = getattr(node, name, None)
                if value.__class__ is list:
                    for item in reversed(cast("list[object]", value)):
                        if isinstance(item, ast.AST):
                            parents[item] = node
                            stack.append(item)
                elif isinstance(value, ast.AST):
                    parents[value] = node
                    stack.append(value)
        self._by_type = by_type
        self._parents = parents

    def nodes(self, *types: type[ast.AST]) -> Iterator[Any]:
        """Return the nodes of these exact types, one type after the other, each in document order."""
        by_type = self._by_type
        return itertools.chain.from_iterable([by_type[kind] for kind in types if kind in by_type])

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return the node that holds this one, None for the module and for nodes of other trees."""
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around this one, innermost first, the module last."""
        parent = self._parents.get(node)
        while parent is not None:
            yield parent
            parent = self._parents.get(parent)

    def scope(self, node: ast.AST) -> Scope | None:
        """Return the module, class, function or lambda in which this node's names are looked up, None for the module.

        A decorator, a default, an annotation, a base class stands outside what it belongs to.
        """
        inner, outer = node, self._parents.get(node)
        while outer is not None:
            body = getattr(outer, "body", None) if outer.__class__ in _SCOPES else None
            if body is inner or (body.__class__ is list and (inner in body or outer.__class__ is ast.Module)):
                return cast("Scope", outer)
            inner, outer = outer, self._parents.get(outer)
        return None


def within(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it in document order, without recursion."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        for name in _CHILDREN[current.__class__]:
            value = getattr(current, name, None)
            if value.__class__ is list:
                stack.extend([item for item in reversed(value) if isinstance(item, ast.AST)])
            elif isinstance(value, ast.AST):
                stack.append(value)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector off trees while they grow, and off what has grown when it starts again.

    Millions of nodes live as long as the scan; walking them for garbage costs more than parsing them. A process that
    lives on after a scan calls `gc.unfreeze()` when it has let go of the project.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.freeze()
            gc.enable()
