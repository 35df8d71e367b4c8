"""What a call answers and where it puts what it is given."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from stopper.observe.source import names
from stopper.observe.source.flows import library, sinks
from stopper.observe.source.flows.binding import Binding
from stopper.observe.source.flows.naming import Says, identity, words
from stopper.observe.source.flows.sinks import Sink
from stopper.observe.source.flows.spelling import dotted_name, last_name
from stopper.observe.source.flows.values import (
    NONE,
    RAW,
    WEAK,
    Called,
    Origin,
    Taint,
    Value,
    merged,
    only,
    shaped,
    updated,
)

if TYPE_CHECKING:
    from stopper.observe.source.module import Module
    from stopper.observe.source.syntax import Function


_SHOWS_WHOLE = frozenset({"dict", "str", "repr", "list", "dumps", "pformat", "format"})
_COLUMNS = frozenset({"Column", "mapped_column", "CharField", "TextField", "StringField"})


class Calls(Binding):
    """How calls are read: sources, carriers, cleansers, sinks, and the project's own functions by their summaries."""

    def _call(self, node: ast.Call) -> Value:
        called = self._called(node)
        sink = sinks.sink_of(self.module, called, self.function)
        if sink is not None:
            self._sunk(sink, called)
        self.analysis.note(called, self.function)
        return self._answer(called)

    def _asked(self, node: ast.Call) -> Value:
        return self._projects_own(self._called(node))

    def _sunk(self, sink: Sink, called: Called) -> None:
        taints = (*sinks.into(sink, called), *(self._all_headers(called) if sink is Sink.LOGGED else ()))
        if sink is Sink.CACHE and sinks.of_revoked(called):
            return
        bad = [taint for taint in taints if sinks.relevant(sink, taint)]
        self._reach(sink, bad, called.node, called.target)
        if not any(taint.origin in RAW for taint in bad) and any(taint.origin is Origin.DIGEST for taint in taints):
            self.analysis.keep(sink, called.node, called.target)

    def _all_headers(self, called: Called) -> Iterator[Taint]:
        """Yield where a request's headers are written whole: the Authorization header is among them."""
        for argument, value in zip(called.node.args, called.positional, strict=True):
            written = value.expression if isinstance(argument, ast.Name) and value.expression is not None else argument
            for part in ast.walk(written):
                if not (isinstance(part, ast.Attribute) and part.attr == "headers"):
                    continue
                around = self.module.parent(part)
                shown = isinstance(around, ast.stmt | ast.FormattedValue | ast.Tuple)
                shown = shown or around is called.node or last_name(around) in _SHOWS_WHOLE
                if shown and self.module.qualified(part) in ("flask.request.headers", "flask.globals.request.headers"):
                    yield Taint(Origin.PRESENTED, self.module, part, says=Says.TOKEN)

    def _called(self, node: ast.Call) -> Called:
        receiver = NONE
        if isinstance(node.func, ast.Attribute):
            receiver = self.value(node.func.value)
        elif not isinstance(node.func, ast.Name):
            self.value(node.func)
        target = dotted_name(node.func) or last_name(node.func)
        positional = tuple(self.value(argument) for argument in node.args)
        named: dict[str, Value] = {}
        spread = NONE
        for keyword in node.keywords:
            value = self.value(keyword.value)
            if keyword.arg is None:
                spread = value
            else:
                named[keyword.arg] = self._credential(
                    keyword.arg, value, keyword.value, keyword.value, f"{target}({keyword.arg}=…)"
                )
        named.update({key: value for key, value in spread.items.items() if key not in named})
        name = last_name(node.func)
        return Called(node, self.analysis.aliases.get(name, name), target, receiver, positional, named)

    def _answer(self, called: Called) -> Value:
        name, node = called.name, called.node
        if name in library.SOURCE_NAMES:
            origin = library.SOURCES.get(self._plain_random(self.module.qualified(node.func) or ""))
            if origin is not None:
                return Value((Taint(origin, self.module, node),), made=name)
        if name in ("get", "pop", "getenv") and called.node.args and not isinstance(node.func, ast.Name):
            key = self._key(node.args[0])
            if key is not None:
                found = self._member(called.receiver, key, node)
                return merged(found, called.positional[1]) if len(called.positional) > 1 else found
        if name in _COLUMNS and "default" in called.named:
            return self._default(node)
        if name in library.PLAIN_HASHES:
            return self._hashed(called)
        if name == "update" and called.receiver.made == "hash":
            self._grow(called, self._hashed(called))
            return NONE
        if name in library.GROWING and isinstance(node.func, ast.Attribute):
            self._grow(called, NONE)
        if isinstance(node.func, ast.Attribute) and name in library.CARRYING_METHODS:
            return self._carried(called, (*called.receiver.taints, *self._method_arguments(called)))
        hashes = not library.CLEANSING_WORDS.isdisjoint(words(name)) and not _given_nothing(node)
        if hashes or called.target in library.KEYED_HASHES:
            return Value((Taint(Origin.DIGEST, self.module, node),))
        if name == "open":
            return Value(made="open")
        holder = last_name(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        if name == "dumps" and holder and holder not in library.PLAIN_DUMPERS:
            return NONE  # a serializer's answer: perhaps signed, never a plain copy of what went in
        if name in library.CARRIERS:
            return self._converted(called)
        if library.ANSWERING.isdisjoint(words(called.name)) and not called.taints():
            return NONE
        return self._projects_own(called)

    def _default(self, node: ast.Call) -> Value:
        """Return what a column holds where nothing else is written: what its default's function answers."""
        made_by = next(keyword.value for keyword in node.keywords if keyword.arg == "default")
        if isinstance(made_by, ast.Lambda):
            return self.value(made_by.body)
        target = self.module.resolve(made_by)
        if not isinstance(target, names.Definition) or isinstance(target.node, ast.ClassDef):
            return NONE
        return self._asked(ast.copy_location(ast.Call(made_by, [], []), made_by))

    def _plain_random(self, qualified: str) -> str:
        return (
            qualified.replace("random.Random.", "random.", 1) if qualified.startswith("random.Random.") else qualified
        )

    def _member(self, base: Value, key: str, node: ast.expr) -> Value:
        if key in base.items:
            return base.items[key]
        says = self.credential(key)
        if says is None or self._object(ast.unparse(node), node):
            return NONE
        presented = key.lower() == "authorization"
        origin = Origin.PRESENTED if presented else Origin.NAMED
        return Value((Taint(origin, self.module, node, says=says),))

    def _method_arguments(self, called: Called) -> tuple[Taint, ...]:
        return called.taints() if called.name in ("join", "format") else ()

    def _converted(self, called: Called) -> Value:
        if called.name == "dict" and not called.node.args:
            spread = any(keyword.arg is None for keyword in called.node.keywords)
            return Value(items=dict(called.named), closed=not spread, expression=called.node)
        if called.name in ("dict", "copy", "deepcopy") and len(called.positional) == 1:
            return updated(called.positional[0], Value(items=dict(called.named), closed=True))
        return self._carried(called, called.taints())

    def _carried(self, called: Called, taints: Iterable[Taint]) -> Value:
        value = only(taints)
        if called.name.endswith("b64decode"):
            value = value.map(lambda taint: taint.then(self.module, called.node, "decoded from base64"))
        if called.name == "copy" and called.receiver.items:
            return called.receiver
        if called.name in library.SHAPING or called.name in ("strftime", "isoformat"):
            value = shaped(value, self.module, called.node, f"through {called.name}()")
        return value

    def _hashed(self, called: Called) -> Value:
        """Return a plain hash: what is secret in it is hidden, what can be guessed stays guessable."""
        taints = called.taints()
        guarded = [t for t in taints if t.origin in (*RAW, Origin.STRONG, Origin.DIGEST)]
        weak = [t for t in taints if t.origin in WEAK]
        step = f"hashed by {called.name}()"
        if guarded and all(taint.origin is Origin.STRONG for taint in guarded) and self._only_hashed(called):
            return dataclasses.replace(only(guarded), made="hash")
        if guarded:
            return Value((Taint(Origin.DIGEST, self.module, called.node),), made="hash")
        if weak:
            return shaped(dataclasses.replace(only(weak), made="hash"), self.module, called.node, step)
        if any(self._guessable(argument) for argument in called.node.args):
            return Value((Taint(Origin.IDENTITY, self.module, called.node, shaped=True),), made="hash")
        parameters = [t for t in taints if t.origin is Origin.PARAMETER]
        return Value(tuple(dataclasses.replace(t, shaped=True) for t in parameters), made="hash")

    def _only_hashed(self, called: Called) -> bool:
        """Tell whether fresh randomness is drawn for this hash alone, whose answer is then the credential itself."""
        within = [node for argument in called.node.args for node in ast.walk(argument)]
        held = {node.id for node in within if isinstance(node, ast.Name) and node.id in self.variables}
        every = ast.walk(self.function) if self.function is not None else iter(())
        read = [node.id for node in every if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
        return all(read.count(name) == 1 for name in held)

    def _guessable(self, argument: ast.expr) -> bool:
        """Tell whether what is hashed holds an identity, or is a variable made of one."""
        for node in ast.walk(argument):
            name = last_name(node)
            if name and identity(name):
                return True
            known = self.variables.get(name)
            if known is None or known.expression is None or known.taints:
                continue
            if any(identity(last_name(part)) for part in ast.walk(known.expression) if last_name(part)):
                return True
        return False

    def _grow(self, called: Called, added: Value) -> None:
        func = called.node.func
        dotted = dotted_name(func.value) if isinstance(func, ast.Attribute) else ""
        if not dotted:
            return
        if called.name == "update" and called.receiver.made != "hash":
            grown = called.receiver
            for value in called.positional:
                grown = updated(grown, value)
            self.variables[dotted] = updated(grown, Value(items=dict(called.named), closed=True))
            return
        if called.name == "setdefault" and called.node.args:
            key = self._key(called.node.args[0])
            if key is not None and len(called.positional) > 1:
                self.variables[dotted] = called.receiver.with_item(key, called.positional[1])
            return
        taints = added.taints if called.receiver.made == "hash" else called.taints()
        if taints:
            grown = only((*called.receiver.taints, *taints))
            self.variables[dotted] = dataclasses.replace(
                called.receiver, taints=grown.taints, closed=called.receiver.closed
            )

    def _projects_own(self, called: Called) -> Value:
        """Return what a function of the project answers, and follow what it is given into it."""
        target = self.module.resolve(called.node.func)
        if not isinstance(target, names.Definition) or isinstance(target.node, ast.ClassDef):
            return NONE
        summary = self.analysis.summary_of(target.module, target.node)
        if summary is None:
            return NONE
        given = _given(target.node, called, _bound_first(self.module, called.node.func, target))
        step = f"passed to {called.target}()"
        for sink, inner, node, place in summary.reached:
            argument = given.get(inner.parameter)
            if argument is None:
                continue
            for taint in argument.all():
                if sinks.relevant(sink, taint):
                    passed = taint.then(self.module, called.node, step)
                    longer = dataclasses.replace(
                        passed, steps=(*passed.steps, *inner.steps, (target.module, node, place))
                    )
                    self._reach(sink, [longer], called.node, f"{called.target}(), which ends in {place}")
        return _substituted(summary.returned, given, self.module, called)


def _given_nothing(call: ast.Call) -> bool:
    """Tell whether a function hashes nothing of the caller's: `generate_random_hash()` makes a credential."""
    return isinstance(call.func, ast.Name) and not call.args and not call.keywords


def _substituted(returned: Value, given: Mapping[int, Value], module: Module, called: Called) -> Value:
    if not returned.taints and not returned.items:
        return Value(made=called.name) if returned.closed is False else returned
    taints: list[Taint] = []
    whole: Value | None = None
    for taint in returned.taints:
        if taint.origin is Origin.PARAMETER:
            argument = given.get(taint.parameter, NONE)
            whole = argument if not taint.steps and not taint.shaped else whole
            for own in argument.all():
                passed = own.then(module, called.node, f"through {called.target}()")
                taints.append(dataclasses.replace(passed, shaped=own.shaped or taint.shaped))
        else:
            taints.append(taint.then(module, called.node, f"returned by {called.target}()"))
    items = {key: _substituted(item, given, module, called) for key, item in returned.items.items()}
    if whole is not None and len(returned.taints) == 1 and whole.items:
        return updated(whole, Value(items=items, closed=True))
    return dataclasses.replace(returned, taints=only(taints).taints, items=items)


def _given(function: Function, called: Called, skip: int) -> dict[int, Value]:
    arguments = function.args
    positions = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    spread = any(isinstance(argument, ast.Starred) for argument in called.node.args)
    given = {} if spread else {position + skip: value for position, value in enumerate(called.positional)}
    for name, value in called.named.items():
        if name in positions:
            given[positions.index(name)] = value
    return given


def _bound_first(module: Module, func: ast.expr, target: names.Definition) -> int:
    """Return 1 where the call fills the first parameter itself: a method called on an object or a class method."""
    if not isinstance(target.module.scope(target.node), ast.ClassDef) or isinstance(target.node, ast.ClassDef):
        return 0
    marks = {last_name(mark) for mark in target.node.decorator_list}
    if "staticmethod" in marks:
        return 0
    if "classmethod" in marks:
        return 1
    base = module.resolve(func.value) if isinstance(func, ast.Attribute) else None
    return 0 if isinstance(base, names.Definition) else 1
