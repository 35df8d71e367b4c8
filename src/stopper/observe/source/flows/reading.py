"""What a function does with the claims of a token: which it reads, whom it gives them to, who verifies them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stopper.observe.source import names
from stopper.observe.source.flows import analysis, sinks
from stopper.observe.source.flows.jose import Act, JoseCall
from stopper.observe.source.flows.naming import words
from stopper.observe.source.flows.spelling import last_name

if TYPE_CHECKING:
    from stopper.observe.source.module import Module
    from stopper.observe.source.syntax import Function

WHOLE = "*"
"""Stands for all claims together: returned, passed on, kept."""

_MOST = 40
"""Modules that call something of one name, above which the name says too little to look at them all."""

_VERIFYING = frozenset("verify verifies validate check decode authenticate introspect authorize loads".split())
_SELECTING = frozenset({"iss", "kid", "alg", "typ", "aud", "tid", "azp", "exp", "iat", "nbf", "jti", "sid", "x5t"})


def uses(call: JoseCall) -> set[str]:
    """Return the claims that are read of a call's result in its function: their names, WHOLE where all are used.

    What only goes to a log is no use.
    """
    found: set[str] = set()
    _follow(call.module, call.node, found, 0)
    return found


def _follow(module: Module, node: ast.AST, found: set[str], depth: int) -> None:
    parent = module.parent(node)
    if isinstance(parent, ast.Await | ast.Starred):
        _follow(module, parent, found, depth)
    elif isinstance(parent, ast.Attribute):
        _attribute(module, parent, found, depth)
    elif isinstance(parent, ast.Subscript) and parent.value is node:
        key = parent.slice.value if isinstance(parent.slice, ast.Constant) else WHOLE
        if key == "payload":
            _follow(module, parent, found, depth)
        elif key != "header":
            found.add(str(key))
    elif isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
        _variable(module, target, node, found, depth)
    elif isinstance(parent, ast.Compare) and isinstance(parent.left, ast.Constant):
        found.add(str(parent.left.value))
    elif isinstance(parent, ast.Call | ast.keyword | ast.FormattedValue):
        if not _only_shown(module, parent):
            _passed(module, parent, found, depth)
    elif not isinstance(parent, ast.Expr | ast.If | ast.UnaryOp | ast.While | None):
        found.add(WHOLE)


def _attribute(module: Module, node: ast.Attribute, found: set[str], depth: int) -> None:
    call = module.parent(node)
    if node.attr in ("get", "pop") and isinstance(call, ast.Call) and call.args:
        key = call.args[0]
        found.add(str(key.value) if isinstance(key, ast.Constant) else WHOLE)
    elif node.attr in ("claims", "payload"):
        _follow(module, node, found, depth)
    elif node.attr not in ("validate", "header", "headers"):
        found.add(WHOLE)


def _variable(module: Module, target: ast.AST, node: ast.AST, found: set[str], depth: int) -> None:
    function = module.function_of(node)
    if not isinstance(target, ast.Name) or function is None or depth > 4:
        found.add(WHOLE)
        return
    for load in ast.walk(function):
        if isinstance(load, ast.Name) and load.id == target.id and isinstance(load.ctx, ast.Load):
            _follow(module, load, found, depth + 1)


def _passed(module: Module, parent: ast.AST, found: set[str], depth: int) -> None:
    name = last_name(parent) if isinstance(parent, ast.Call) else ""
    if name in ("loads", "dict", "deepcopy", "copy", "decode", "cast"):
        _follow(module, parent, found, depth + 1)
    elif name not in ("isinstance", "len", "bool", "type", "validate"):
        found.add(WHOLE)


def _only_shown(module: Module, node: ast.AST) -> bool:
    """Tell whether an expression stands inside what is only printed or logged."""
    current: ast.AST | None = node
    while current is not None and not isinstance(current, ast.stmt):
        if isinstance(current, ast.Call):
            holder = current.func.value if isinstance(current.func, ast.Attribute) else None
            if last_name(current) == "print" or (holder is not None and sinks.is_logger(last_name(holder))):
                return True
        current = module.parent(current)
    return False


def only_selects(claims: set[str]) -> bool:
    """Tell whether the claims read say nothing but which key, issuer or time is meant."""
    return claims <= _SELECTING


def after_failure(call: JoseCall) -> bool:
    """Tell whether a call stands where a verification has just failed: in a handler of its `try`."""
    inner: ast.AST = call.node
    for outer in call.module.ancestors(call.node):
        tried = outer.body if isinstance(outer, ast.Try) and isinstance(inner, ast.ExceptHandler) else []
        if any(_verifies(other) for other in _calls_in(call.module, tried)):
            return True
        if outer is call.function:
            return False
        inner = outer
    return False


def seeks_key(call: JoseCall) -> bool:
    """Tell whether a call only tries which of several keys fits, for another verification by whoever called for it.

    Its claims are thrown away, and its key, which a loop goes through, is kept.
    """
    key = call.arguments.get("key")
    if (
        call.function is None
        or not isinstance(key, ast.Name)
        or not isinstance(call.module.parent(call.node), ast.Expr)
    ):
        return False
    loops = (outer for outer in call.module.ancestors(call.node) if isinstance(outer, ast.For))
    loop = next((each for each in loops if last_name(each.target) == key.id), None)
    if loop is None:
        return False
    values = (node.value for node in ast.walk(loop) if isinstance(node, ast.Assign | ast.Return))
    kept = any(isinstance(value, ast.Name) and value.id == key.id for value in values)
    return kept and any(
        other.function is user and other.act is Act.VERIFY and other.verifies is not False
        for module, user, _ in callers(call.module, call.function)
        for other in analysis.of(module).calls
    )


def _calls_in(module: Module, body: list[ast.stmt]) -> Iterator[JoseCall]:
    inside = {id(node) for statement in body for node in ast.walk(statement)}
    return (call for call in analysis.of(module).calls if id(call.node) in inside)


def _verifies(call: JoseCall) -> bool:
    return call.act in (Act.VERIFY, Act.VERIFY_TEXT) and call.verifies is True


def verified_around(module: Module, function: Function, besides: ast.AST) -> bool:
    """Tell whether the function verifies a token too: by a library, or by something that is called so.

    What is verified only where the other call is not reached (`if strict: return verified`) counts for nothing.
    """
    for call in analysis.of(module).calls:
        verified = call.function is function and call.node is not besides and _verifies(call)
        if verified and not _apart(module, call.node, besides):
            return True
    ours = {id(call.node) for call in analysis.of(module).calls}
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or node is besides or id(node) in ours:
            continue
        verified = not _VERIFYING.isdisjoint(words(last_name(node))) and _takes_token(node)
        if verified and not _apart(module, node, besides):
            return True
    return False


def _apart(module: Module, one: ast.AST, other: ast.AST) -> bool:
    """Tell whether no run comes by both nodes: they stand in the two branches of an `if`, or the first one's leaves."""
    around_one, around_other = list(module.ancestors(one)), list(module.ancestors(other))
    for outer in around_one:
        if not isinstance(outer, ast.If):
            continue
        branch = next((each for each in (outer.body, outer.orelse) if _holds(each, around_one)), None)
        if branch is None or _holds(branch, around_other):
            continue
        if outer in around_other:
            return _holds(outer.body, around_other) or _holds(outer.orelse, around_other)
        after = getattr(other, "lineno", 0) > (outer.end_lineno or 0)
        if after and isinstance(branch[-1], ast.Return | ast.Raise):
            return True
    return False


def _holds(branch: list[ast.stmt], ancestors: list[ast.AST]) -> bool:
    return any(statement is outer for statement in branch for outer in ancestors)


def _takes_token(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("decode", "loads"):
        return any(
            "token" in words(last_name(argument)) or "jwt" in words(last_name(argument)) for argument in call.args
        )
    return any(last_name(argument) for argument in call.args)


def callers(module: Module, function: Function) -> Iterator[tuple[Module, Function | None, ast.Call]]:
    """Yield the calls of a function in the whole project, with the function that each stands in."""
    where = module.project.holding(f"{function.name}(")
    written = re.compile(rf"(?<!\w)(?<!def ){function.name}[\s\\]*\(")  # a method of the same name calls nothing
    for other in where if len(where) <= _MOST else ():
        for call in other.nodes(ast.Call) if written.search(other.text) else ():
            if last_name(call) == function.name:
                target = other.resolve(call.func)
                if isinstance(target, names.Definition) and target.node is function:
                    yield other, other.function_of(call), call
