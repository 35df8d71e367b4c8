"""What is meant for the developer's own machine: a switch that only makes sense there is no fault in such a place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stopper.observe.source.flows.naming import words
from stopper.observe.source.flows.spelling import last_name
from stopper.observe.source.syntax import within

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

_FILES = frozenset("dev develop development local debug".split())
_OWN_MACHINE = _FILES | frozenset("test tests testing debugging example demo sandbox".split())
_SERVED = frozenset("prod production staging live".split())


def on_own_machine(module: Module, node: ast.AST) -> bool:
    """Tell whether what stands around a node keeps it to the developer's machine: file, class, function, condition."""
    if _speaks_of(_FILES, module.path.rpartition("/")[2].removesuffix(".py")):
        return True
    named = (o for o in module.ancestors(node) if isinstance(o, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef))
    return any(_speaks_of(_OWN_MACHINE, outer.name) for outer in named) or in_development_alone(module, node)


def in_development_alone(module: Module, node: ast.AST) -> bool:
    """Tell whether a node stands on the side of a condition that only a developer's machine reaches."""
    inner = node
    for outer in module.ancestors(node):
        if isinstance(outer, ast.If | ast.IfExp) and inner is not outer.test and _leads_there(outer, inner):
            return True
        inner = outer
    return False


def _leads_there(branch: ast.If | ast.IfExp, inner: ast.AST) -> bool:
    then = inner in branch.body if isinstance(branch, ast.If) else inner is branch.body
    wanted = _OWN_MACHINE if then is not _negated(branch.test) else _SERVED
    return any(_speaks_of(wanted, said(part)) for part in within(branch.test))


def _negated(test: ast.expr) -> bool:
    """Tell whether a condition holds where what it names is not so: `not app.debug`, `env != "production"`."""
    if isinstance(test, ast.BoolOp):
        return all(_negated(value) for value in test.values)
    if isinstance(test, ast.Compare):
        return isinstance(test.ops[0], ast.NotEq | ast.NotIn | ast.IsNot)
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)


def said(node: ast.AST) -> str:
    """Return what a part of a condition says: the name that it reads, the text that it compares with."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return last_name(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def _speaks_of(wanted: frozenset[str], name: str) -> bool:
    return not wanted.isdisjoint(words(name))
