"""What may stand in an expression."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stopper.observe.source import names
from stopper.observe.source.constants import UNKNOWN
from stopper.observe.source.flows.calls import Calls
from stopper.observe.source.flows.naming import Says, hidden
from stopper.observe.source.flows.spelling import dotted_name, last_name
from stopper.observe.source.flows.values import NONE, Origin, Taint, Value, merged, only, shaped, updated

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

_SAME_VALUE = ("data", "value", "raw")
_UUID_FORMS = ("hex", "int", "bytes", "urn")


class Expressions(Calls):
    """How expressions are read, each kind by a method of its own."""

    def value(self, node: ast.expr) -> Value:
        """Return what may stand in an expression, and see what its calls let out."""
        read = _EXPRESSIONS.get(node.__class__)
        return read(self, node) if read is not None else NONE

    def _name(self, node: ast.Name) -> Value:
        if hidden(node.id):
            return NONE
        known = self.variables.get(node.id)
        if known is None:
            known = self.outer.get(node.id)
        if known is None and self.function is not None:
            known = self.analysis.globals.get(node.id)
        if known is not None:
            return known
        says = self.credential(node.id)
        if says and not self._object(node.id, node) and self._dynamic(node, says):
            return Value((Taint(Origin.NAMED, self.module, node, says=says),), expression=node)
        return Value(expression=node) if node.id.isupper() else NONE

    def _dynamic(self, node: ast.expr, says: Says) -> bool:
        """Tell whether a name bound elsewhere can stand for a credential: `ACCESS_TOKEN = "access"` is a word."""
        target = self.module.resolve(node)
        if isinstance(target, names.Definition | names.Package | names.External):
            return False
        if self.module.constant(node) is UNKNOWN:
            return True
        return says is not Says.TOKEN

    def _attribute(self, node: ast.Attribute) -> Value:
        dotted = dotted_name(node)
        known = self._lookup(dotted) if dotted else None
        if known is not None:
            return known
        base = self.value(node.value)
        if base.taints and (node.attr in _SAME_VALUE or (base.made.startswith("uuid") and node.attr in _UUID_FORMS)):
            return base
        if node.attr == "authorization" and self.module.qualified(node) == "flask.request.authorization":
            return Value((Taint(Origin.PRESENTED, self.module, node, says=Says.TOKEN),))
        says = self.credential(node.attr)
        column = _of_class(node.value) and not node.attr.isupper()
        if says is None or column or (dotted and self._object(dotted, node)):
            return NONE
        return Value((Taint(Origin.NAMED, self.module, node, says=says),))

    def _subscript(self, node: ast.Subscript) -> Value:
        base = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            return NONE if _short(self.module, node.slice) else base
        key = self._key(node.slice)
        if key is None:
            chosen = (taint for taint in self.value(node.slice).taints if taint.origin is Origin.NUMBER)
            return Value(
                (*base.taints, *(dataclasses.replace(taint, origin=Origin.PICK, shaped=False) for taint in chosen))
            )
        return self._member(base, key, node)

    def _constant(self, node: ast.Constant) -> Value:
        return Value(expression=node)

    def _text(self, node: ast.JoinedStr) -> Value:
        taints: list[Taint] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                taints.extend(self.value(part.value).all())
        return dataclasses.replace(shaped(only(taints), self.module, node, "put into a text"), expression=node)

    def _binary(self, node: ast.BinOp) -> Value:
        parts: list[ast.expr] = []
        current: ast.expr = node
        text = False
        while isinstance(current, ast.BinOp):
            parts.append(current.right)
            text = text or (isinstance(current.op, ast.Add | ast.Mod) and _is_text(current.right))
            current = current.left
        parts.append(current)
        text = text or _is_text(current)
        values = [self.value(part) for part in reversed(parts)]
        if isinstance(node.op, ast.BitOr) and any(value.items for value in values):
            return updated(values[0], values[-1])
        joined = only(taint for value in values for taint in value.all())
        whole = shaped(joined, self.module, node, "put into a text") if text else joined
        return dataclasses.replace(whole, expression=node)

    def _boolean(self, node: ast.BoolOp) -> Value:
        values = [self.value(part) for part in node.values]
        if isinstance(node.op, ast.And):
            return values[-1]
        result = values[0]
        for value in values[1:]:
            result = merged(result, value)
        return result

    def _unary(self, node: ast.UnaryOp) -> Value:
        value = self.value(node.operand)
        return NONE if isinstance(node.op, ast.Not) else value

    def _conditional(self, node: ast.IfExp) -> Value:
        self.value(node.test)
        return merged(self.value(node.body), self.value(node.orelse))

    def _compare(self, node: ast.Compare) -> Value:
        self.value(node.left)
        for part in node.comparators:
            self.value(part)
        return NONE

    def _dict(self, node: ast.Dict) -> Value:
        result = Value(closed=True, expression=node)
        for key, expression in zip(node.keys, node.values, strict=True):
            value = self.value(expression)
            name = self._key(key) if key is not None else None
            if key is None:
                result = updated(result, value)
            elif name is None:
                self.value(key)
                result = dataclasses.replace(result, taints=only((*result.taints, *value.all())).taints, closed=False)
            else:
                result = result.with_item(name, self._credential(name, value, expression, expression, repr(name)))
        return result

    def _several(self, node: ast.Tuple | ast.List | ast.Set) -> Value:
        taints = [taint for element in node.elts for taint in self.value(element).all()]
        return dataclasses.replace(only(taints), expression=node)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
        before = dict(self.variables)
        for generator in node.generators:
            self.bind(generator.target, only(self.value(generator.iter).all()), None)
            for test in generator.ifs:
                self.value(test)
        taints = self.value(node.value if isinstance(node, ast.DictComp) else node.elt).all()
        self.variables = before
        return only(taints)

    def _inner(self, node: ast.Await | ast.Starred | ast.YieldFrom | ast.FormattedValue) -> Value:
        return self.value(node.value)

    def _yield(self, node: ast.Yield) -> Value:
        if node.value is not None:
            self.returned.append(self.value(node.value))
        return NONE

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self.bind(node.target, value, node.value)
        return self.variables.get(node.target.id, value)

    def _lambda(self, node: ast.Lambda) -> Value:
        before = dict(self.variables)
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            self.variables[argument.arg] = NONE
        value = self.value(node.body)
        self.variables = before
        return value


def _of_class(node: ast.expr) -> bool:
    """Tell whether an attribute is read from a class (a column in a query), not from an object."""
    name = last_name(node)
    return name[:1].isupper() and not name.isupper()


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _short(module: Module, piece: ast.Slice) -> bool:
    """Tell whether a slice shows no more than eight characters."""
    lower = module.constant(piece.lower) if piece.lower is not None else 0
    upper = module.constant(piece.upper) if piece.upper is not None else None
    if not isinstance(lower, int):
        return False
    if upper is None:
        return -8 <= lower < 0
    return isinstance(upper, int) and (0 < upper - lower <= 8 and (lower >= 0) == (upper >= 0))


_EXPRESSIONS: dict[type[ast.expr], Callable[[Expressions, Any], Value]] = {
    ast.Name: Expressions._name,
    ast.Attribute: Expressions._attribute,
    ast.Subscript: Expressions._subscript,
    ast.Constant: Expressions._constant,
    ast.JoinedStr: Expressions._text,
    ast.BinOp: Expressions._binary,
    ast.BoolOp: Expressions._boolean,
    ast.UnaryOp: Expressions._unary,
    ast.IfExp: Expressions._conditional,
    ast.Compare: Expressions._compare,
    ast.Dict: Expressions._dict,
    ast.Tuple: Expressions._several,
    ast.List: Expressions._several,
    ast.Set: Expressions._several,
    ast.ListComp: Expressions._comprehension,
    ast.SetComp: Expressions._comprehension,
    ast.GeneratorExp: Expressions._comprehension,
    ast.DictComp: Expressions._comprehension,
    ast.Await: Expressions._inner,
    ast.Starred: Expressions._inner,
    ast.YieldFrom: Expressions._inner,
    ast.Yield: Expressions._yield,
    ast.NamedExpr: Expressions._walrus,
    ast.Lambda: Expressions._lambda,
    ast.Call: Expressions._call,
}
