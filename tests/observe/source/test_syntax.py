"""The one walk over a tree: every node that says something is found with its parent, and `within` agrees."""

from __future__ import annotations

import ast

from stopper.observe.source.syntax import Index, within

_EVERY_KIND = """
import a.b as c
from d import e as f
@g(1)
class H(I, metaclass=J):
    k: int = 1
    def l(self, m: n = 2, /, *o: p, q=3, **r: s) -> t:
        global u
        v = lambda w, x=4: y
        return f"{z!r:>{aa}}"
async def bb(cc):
    nonlocal_ = [dd for dd in cc if dd]
    async with ee as ff, gg:
        await hh
    async for ii in jj:
        yield kk
    else:
        del ll[1:2:3]
    return {mm: nn for mm in {*oo}}
try:
    pp += -qq ** rr if ss and not tt else (uu := vv)
except* ww as xx:
    raise yy from zz
finally:
    assert ab, "ac"
match ad:
    case {"k": ae, **af} | [ag, *ah] | Point(x=0, y=ai) as aj if ak:
        pass
    case None | 1 | b"x" | al.am:
        print(*an, sep=ao, **ap)
while aq < ar <= at:
    break
"""
_LEFT_OUT = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


def _kinds_of(tree: ast.Module) -> set[type[ast.AST]]:
    return {node.__class__ for node in ast.walk(tree)}


def test_every_node_is_found() -> None:
    """Whatever `ast.walk` meets is in the index and below the tree, but for operators and contexts."""
    tree = ast.parse(_EVERY_KIND)
    wanted = {node for node in ast.walk(tree) if not isinstance(node, _LEFT_OUT)}
    index = Index(tree)
    assert set(within(tree)) == wanted
    assert set(index.nodes(*_kinds_of(tree))) == wanted


def test_nodes_know_their_parents() -> None:
    """Each node but the tree has a parent that holds it."""
    index = Index(tree := ast.parse(_EVERY_KIND))
    assert index.parent(tree) is None
    for node in within(tree):
        if node is not tree:
            parent = index.parent(node)
            assert parent is not None
            assert node in ast.iter_child_nodes(parent)
