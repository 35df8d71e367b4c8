"""The walk: what each expression of a function may hold, statement after statement, and what reaches a sink.

Branches are followed one after the other and merged; a loop's body is read once. A function of the project is read
when something calls it, and its summary is kept: what it returns, and which of its parameters reach which sink.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from stopper.observe.source.flows import sinks
from stopper.observe.source.flows.expressions import Expressions
from stopper.observe.source.flows.naming import made_by
from stopper.observe.source.flows.sinks import Sink
from stopper.observe.source.flows.spelling import dotted_name, last_name
from stopper.observe.source.flows.values import NONE, Origin, Taint, Value, left_open, merged, only, updated

if TYPE_CHECKING:
    from stopper.observe.source.syntax import Function

_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class Frame(Expressions):
    """One function, class body or module on its way through the walk, statement by statement."""

    def enter(self, function: Function) -> None:
        """Bind the parameters by what their names say, and walk the body."""
        for argument in _parameters(function):
            self._parameter(argument, ())
        self.block(function.body)

    def trace(self, function: Function) -> None:
        """Walk the body as a caller sees it: with every parameter marked, to learn where each one ends."""
        for position, argument in enumerate(_parameters(function)):
            self._parameter(argument, (Taint(Origin.PARAMETER, self.module, argument, parameter=position),))
        self.block(function.body)

    def _parameter(self, argument: ast.arg, taints: tuple[Taint, ...]) -> None:
        self.parameters.add(argument.arg)
        says = self.credential(argument.arg)
        if says and _textual_annotation(argument.annotation) and not self._object(argument.arg, argument):
            taints = (*taints, Taint(Origin.NAMED, self.module, argument, says=says))
        self.variables[argument.arg] = self._held(argument.arg, Value(taints), argument)

    def block(self, statements: Iterable[ast.stmt]) -> None:
        """Walk statements in order."""
        for statement in statements:
            walk = _STATEMENTS.get(statement.__class__)
            if walk is not None:
                walk(self, statement)

    def _expression(self, node: ast.Expr) -> None:
        self.value(node.value)

    def _assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self.bind(target, value, node.value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.bind(node.target, self.value(node.value), node.value)

    def _augmented(self, node: ast.AugAssign) -> None:
        old, added = self.value(node.target), self.value(node.value)
        if isinstance(node.op, ast.BitOr) and added.items:
            self.bind(node.target, updated(old, added), node.value)
            return
        taints = [*old.taints, *added.all()]
        if isinstance(node.op, ast.Add):
            taints = [
                dataclasses.replace(taint, shaped=True) if taint.origin is Origin.PICK else taint for taint in taints
            ]
        self.bind(node.target, dataclasses.replace(only(taints), made=old.made), node.value)

    def _if(self, node: ast.If) -> None:
        test: ast.stmt | None = node
        before = self.variables
        ends: list[dict[str, Value]] = []
        chosen = False
        while isinstance(test, ast.If):
            self.variables = before
            self.value(test.test)
            before = dict(self.variables)
            self.variables = dict(before)
            self.block(test.body)
            chosen = chosen or self._callers_choice(test.test)
            if not _leaves(test.body):
                ends.append(self.variables)
            rest: list[ast.stmt] = test.orelse
            test = rest[0] if len(rest) == 1 and isinstance(rest[0], ast.If) else None
        self.variables = dict(before)
        self.block(rest)
        if not _leaves(rest) or not ends:
            ends.append(self.variables)
        self.variables = self._joined(ends, chosen)

    def _joined(self, ends: list[dict[str, Value]], chosen: bool) -> dict[str, Value]:
        result = ends[0]
        for other in ends[1:]:
            for name, value in other.items():
                known = result.get(name)
                if known is not value:
                    both = value if known is None else merged(known, value)
                    if chosen and known is not None:
                        both = left_open(both, known.optional | value.optional)
                    result[name] = both
        return result

    def _callers_choice(self, test: ast.expr) -> bool:
        """Tell whether a test only asks if the caller gave something: then the caller answers for what follows."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test = test.operand
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is | ast.IsNot):
            test = test.left
        if isinstance(test, ast.Attribute):
            return True
        return isinstance(test, ast.Name) and test.id in self.parameters

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.bind(node.target, only(self.value(node.iter).all()), None)
        self._maybe(node.body)
        self.block(node.orelse)

    def _while(self, node: ast.While) -> None:
        self.value(node.test)
        self._maybe(node.body)
        self.block(node.orelse)

    def _maybe(self, body: list[ast.stmt]) -> None:
        before = dict(self.variables)
        self.block(body)
        self.variables = self._joined([self.variables, before], chosen=False)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value, item.context_expr)
        self.block(node.body)

    def _try(self, node: ast.Try) -> None:
        before = dict(self.variables)
        self.block(node.body)
        self.block(node.orelse)
        ends = [] if _leaves(node.body) else [self.variables]
        for handler in node.handlers:
            self.variables = dict(before)
            self.block(handler.body)
            if not _leaves(handler.body):
                ends.append(self.variables)
        self.variables = self._joined(ends, chosen=False) if ends else before
        self.block(node.finalbody)

    def _match(self, node: ast.Match) -> None:
        self.value(node.subject)
        before = dict(self.variables)
        ends = [before]
        for case in node.cases:
            self.variables = dict(before)
            self.block(case.body)
            if not _leaves(case.body):
                ends.append(self.variables)
        self.variables = self._joined([dict(ends[0]), *ends[1:]], chosen=False)

    def _return(self, node: ast.Return) -> None:
        value = self.value(node.value) if node.value is not None else NONE
        if self.function is not None:
            says = made_by(self.function.name)
            if says:
                value = self._whole(value, node.value)
                value = self._made(says, f"what {self.function.name}() returns", value, node)
        self.returned.append(value)

    def _raise(self, node: ast.Raise) -> None:
        if isinstance(node.exc, ast.Call):
            called = self._called(node.exc)
            self._reach(Sink.RAISED, sinks.shown(called), node.exc, called.target)
        elif node.exc is not None:
            self.value(node.exc)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            key = self._key(target.slice) if isinstance(target, ast.Subscript) else None
            if isinstance(target, ast.Subscript) and key is not None:
                dotted = dotted_name(target.value)
                known = self._lookup(dotted)
                if dotted and known is not None:
                    self.variables[dotted] = known.without_item(key)

    def _assert(self, node: ast.Assert) -> None:
        self.value(node.test)
        if node.msg is not None:
            self.value(node.msg)

    def _function(self, node: Function) -> None:
        for default in (*node.args.defaults, *(value for value in node.args.kw_defaults if value is not None)):
            self.value(default)
        self.analysis.inner(node, self.variables if self.function is not None else {})

    def _class(self, node: ast.ClassDef) -> None:
        if not self.analysis.hot(node):
            return
        body = Frame(self.analysis, None, self.outer)
        body.variables = dict(self.variables)
        body.block(node.body)


def _parameters(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _leaves(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], _ENDS)


def _textual_annotation(annotation: ast.expr | None) -> bool:
    return annotation is None or any(
        (
            isinstance(node, ast.Name | ast.Constant | ast.Attribute)
            and (last_name(node) or str(getattr(node, "value", ""))).strip("'\"")
            in ("str", "bytes", "Any", "AnyStr", "SecretStr")
        )
        or (isinstance(node, ast.Constant) and isinstance(node.value, str) and "str" in node.value)
        for node in ast.walk(annotation)
    )


_STATEMENTS: dict[type[ast.stmt], Callable[[Frame, Any], None]] = {
    ast.Expr: Frame._expression,
    ast.Assign: Frame._assign,
    ast.AnnAssign: Frame._annotated,
    ast.AugAssign: Frame._augmented,
    ast.If: Frame._if,
    ast.For: Frame._for,
    ast.AsyncFor: Frame._for,
    ast.While: Frame._while,
    ast.With: Frame._with,
    ast.AsyncWith: Frame._with,
    ast.Try: Frame._try,
    ast.TryStar: Frame._try,
    ast.Match: Frame._match,
    ast.Return: Frame._return,
    ast.Raise: Frame._raise,
    ast.Delete: Frame._delete,
    ast.Assert: Frame._assert,
    ast.FunctionDef: Frame._function,
    ast.AsyncFunctionDef: Frame._function,
    ast.ClassDef: Frame._class,
}
