"""What a name gets when a value is bound to it: what the name says, and whether that makes a credential weak."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from stopper.observe.source.flows import library, sinks
from stopper.observe.source.flows.naming import Says, harmless, hidden, made_by, words
from stopper.observe.source.flows.sinks import Sink
from stopper.observe.source.flows.spelling import dotted_name, last_name
from stopper.observe.source.flows.values import NONE, RAW, WEAK, Origin, Taint, Value, only

if TYPE_CHECKING:
    from stopper.observe.source.flows.analysis import Analysis
    from stopper.observe.source.module import Module
    from stopper.observe.source.syntax import Function

_REQUEST_BODIES = ("json", "form", "get_json", "values", "data", "parse_args", "args")


class Binding:
    """The variables of one function, class body or module on its way through the walk."""

    def __init__(self, analysis: Analysis, function: Function | None, outer: Mapping[str, Value]) -> None:
        """Start with the variables of the function around this one."""
        self.analysis = analysis
        self.module: Module = analysis.module
        self.function = function
        self.variables: dict[str, Value] = {}
        self.outer = outer
        self.parameters: set[str] = set()
        self.returned: list[Value] = []
        self.reached: list[tuple[Sink, Taint, ast.AST, str]] = []

    def credential(self, name: str) -> Says | None:
        """Return what a name says here: `token` alone means a credential only where the module is about them."""
        return self.analysis.credential(name, self.function)

    def _reach(self, sink: Sink, taints: Sequence[Taint], node: ast.AST, target: str, says: Says | None = None) -> None:
        own = [taint for taint in taints if taint.origin is not Origin.PARAMETER]
        for taint in own:
            self.analysis.flow(sink, taint, node, target, says or taint.says, self.function)
        if not own:
            self.reached.extend((sink, taint, node, target) for taint in taints)

    def bind(self, target: ast.expr, value: Value, source: ast.expr | None) -> None:
        """Give a target its value, and see whether that makes a token of something weak."""
        if isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, value, source)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value, source)
        elif isinstance(target, ast.Subscript):
            self._bind_item(target, value, source)
        else:
            dotted = dotted_name(target)
            if dotted:
                name = dotted.rpartition(".")[2]
                if hidden(name):
                    value = NONE
                if source is not None and value.expression is None:
                    value = dataclasses.replace(value, expression=source)
                value = self._credential(name, value, target, source, dotted)
                self.variables[dotted] = self._held(dotted, value, target)

    def _unpack(self, target: ast.Tuple | ast.List, value: Value, source: ast.expr | None) -> None:
        parts = source.elts if isinstance(source, ast.Tuple | ast.List) else []
        for position, element in enumerate(target.elts):
            if len(parts) == len(target.elts):
                self.bind(element, self.value(parts[position]), parts[position])
            elif not harmless(last_name(element)):
                self.bind(element, Value(value.taints), source)

    def _bind_item(self, target: ast.Subscript, value: Value, source: ast.expr | None) -> None:
        holder = self.value(target.value)
        key = self._key(target.slice)
        dotted = dotted_name(target.value)
        if key is None:
            self.value(target.slice)
            if dotted:
                grown = only((*holder.taints, *value.all()))
                self.variables[dotted] = dataclasses.replace(
                    grown, items=holder.items, optional=holder.optional, made=holder.made
                )
            return
        value = self._credential(key, value, target, source, f"{dotted}[{key!r}]")
        if dotted:
            self.variables[dotted] = holder.with_item(key, value)
        if sinks.session(self.module, target.value):
            self._reach(Sink.SESSION, [t for t in value.all() if _storable(t)], target, f"session[{key!r}]")

    def _credential(self, name: str, value: Value, target: ast.AST, source: ast.expr | None, shown: str) -> Value:
        """Return the value with what its new name says of it."""
        says = self.credential(name)
        if says is None:
            return value
        value = self._made(says, shown, self._whole(value, source), target)
        if self._object(shown, target) or source is None or not self._textual(source, value):
            return value
        if any(taint.origin is Origin.DIGEST for taint in value.taints):
            if shown != name:
                self.analysis.digest(name)
            return value
        if any(taint.origin in RAW and taint.says is says for taint in value.taints):
            return value
        named = Taint(Origin.NAMED, self.module, source, says=says)
        return dataclasses.replace(value, taints=(*value.taints, named))

    def _whole(self, value: Value, source: ast.expr | None) -> Value:
        """Return what a call answers that the walk did not follow: what becomes a credential is always worth it."""
        if isinstance(source, ast.Call) and not value.taints and not value.items:
            return self._asked(source)
        return value

    def _made(self, says: Says, target: str, value: Value, node: ast.AST) -> Value:
        """Report weak randomness that becomes a credential here, and return the value without it: it is said once."""
        if any(taint.origin in (Origin.STRONG, Origin.DIGEST, Origin.ISSUED) for taint in value.taints):
            if any(taint.origin is Origin.STRONG and not taint.steps for taint in value.taints):
                self.analysis.keep(Sink.MADE, node, target)
            return value
        weak = [taint for taint in value.taints if _makes(taint)]
        if says is Says.SESSION:
            weak = [taint for taint in weak if taint.origin is not Origin.UUID]
        self._reach(Sink.MADE, weak, node, target, says)
        if not any(taint.origin in WEAK for taint in value.taints):
            return value
        return dataclasses.replace(value, taints=tuple(t for t in value.taints if t.origin not in WEAK))

    def _held(self, dotted: str, value: Value, node: ast.AST) -> Value:
        """Return the value with the credentials that this function reads out of it by key."""
        for key in self.analysis.read_keys(dotted, node):
            says = self.credential(key)
            if says is None or key in value.items:
                continue
            if says is Says.PASSWORD and not _from_request(node, self.module):
                continue
            value = value.with_item(key, Value((Taint(Origin.NAMED, self.module, node, says=says),)))
        return value

    def _textual(self, source: ast.expr, value: Value) -> bool:
        """Tell whether an expression can be the text of a credential, rather than an object or a verdict on one."""
        if isinstance(source, ast.Call):
            name = last_name(source.func)
            parts = words(name)
            if value.taints:
                return True
            if name[:1].isupper() or not sinks.SEEKING.isdisjoint(parts):
                return False
            return (
                name in library.CARRYING_METHODS
                or name in library.CARRIERS
                or self.credential(name) is not None
                or (
                    (bool(parts) and any(self.credential(part) for part in (parts[-1], name)))
                    or made_by(name) is not None
                )
            )
        if isinstance(source, ast.Constant | ast.Compare | ast.Dict | ast.Lambda | ast.Set | ast.List | ast.Tuple):
            return False
        if isinstance(source, ast.BoolOp):
            return any(self._textual(part, value) for part in source.values)
        return not isinstance(source, ast.UnaryOp)

    def _object(self, dotted: str, node: ast.AST) -> bool:
        return self.analysis.is_object(dotted, node)

    def _lookup(self, dotted: str) -> Value | None:
        known = self.variables.get(dotted)
        return known if known is not None else self.outer.get(dotted)

    def _key(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name) and node.id.isupper():
            value = self.module.constant(node)
            return value if isinstance(value, str) else None
        return None

    def value(self, node: ast.expr) -> Value:
        """Return what may stand in an expression."""
        raise NotImplementedError

    def _asked(self, node: ast.Call) -> Value:
        raise NotImplementedError


def _makes(taint: Taint) -> bool:
    """Tell whether a taint makes a credential weak: a bare choice picks one of many, a bare clock is a time."""
    if taint.origin is Origin.PARAMETER:
        return True
    return taint.origin in WEAK and (taint.shaped or taint.origin not in (Origin.PICK, Origin.CLOCK))


def _storable(taint: Taint) -> bool:
    return sinks.relevant(Sink.SESSION, taint) or taint.origin is Origin.PARAMETER


def _from_request(node: ast.AST, module: Module) -> bool:
    """Tell whether what is bound here is the body of a request."""
    holder = module.parent(node)
    source = holder.value if isinstance(holder, ast.Assign | ast.AnnAssign) else None
    return source is not None and any(
        isinstance(part, ast.Attribute) and part.attr in _REQUEST_BODIES and last_name(part.value) == "request"
        for part in ast.walk(source)
    )
