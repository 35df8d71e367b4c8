"""What the interpreter knows of a value: where its parts come from, its known members, what made it."""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from stopper.observe.source.flows.naming import Says

if TYPE_CHECKING:
    from stopper.observe.source.flows.sinks import Sink
    from stopper.observe.source.module import Module

LONGEST = 12
"""Steps after which a path is not written on: enough to read, and a bound on what recursion can build."""


class Origin(enum.Enum):
    """Where a part of a value comes from."""

    NUMBER = "a number of the random module"
    PICK = "a choice of the random module"
    CLOCK = "the clock or the process id"
    TIMED_UUID = "uuid1, made of clock and network address"
    UUID = "uuid4, which promises to be unique, not to be secret"
    IDENTITY = "a plain hash of something that can be guessed"
    STRONG = "the system's secure generator"
    ISSUED = "a token that was just issued"
    PRESENTED = "the credential that the caller presented"
    NAMED = "a value that its name calls a credential"
    DIGEST = "a digest"
    PARAMETER = "a parameter"


WEAK = frozenset(
    {Origin.NUMBER, Origin.PICK, Origin.CLOCK, Origin.TIMED_UUID, Origin.UUID, Origin.IDENTITY},
)
RAW = frozenset({Origin.ISSUED, Origin.PRESENTED, Origin.NAMED})
"""Origins of a credential in clear."""

Step = tuple["Module", ast.AST, str]


@dataclass(frozen=True, slots=True, eq=False)
class Taint:
    """One origin of a value with the steps it has gone through since.

    `shaped` says that it was made into text or hashed: a number out of a clock is no token before that.
    `says` is what its name calls it; `parameter` counts the function's parameters from 0.
    """

    origin: Origin
    module: Module
    node: ast.AST
    steps: tuple[Step, ...] = ()
    shaped: bool = False
    says: Says | None = None
    parameter: int = -1

    def then(self, module: Module, node: ast.AST, text: str) -> Taint:
        """Return the taint one step further."""
        if len(self.steps) >= LONGEST:
            return self
        return replace(self, steps=(*self.steps, (module, node, text)))


_NOTHING: Mapping[str, Value] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """What may stand in an expression.

    `items` are the known members of a mapping by key; `closed` says that there can be no others, `optional` names the
    keys that are set on some ways through the function only. `expression` is what was written, where it is one thing.
    `made` is the dotted name of what was called to make it.
    """

    taints: tuple[Taint, ...] = ()
    items: Mapping[str, Value] = field(default_factory=lambda: _NOTHING)
    closed: bool = False
    optional: frozenset[str] = frozenset()
    expression: ast.expr | None = None
    made: str = ""

    def all(self) -> tuple[Taint, ...]:
        """Return the taints of the value and of all its members."""
        if not self.items:
            return self.taints
        found = list(self.taints)
        for member in self.items.values():
            found.extend(member.all())
        return tuple(found)

    def map(self, change: Callable[[Taint], Taint]) -> Value:
        """Return the value with its own taints changed."""
        return replace(self, taints=tuple(change(taint) for taint in self.taints)) if self.taints else self

    def with_item(self, key: str, member: Value) -> Value:
        """Return the mapping with one key set on every way."""
        return replace(self, items={**self.items, key: member}, optional=self.optional - {key})

    def without_item(self, key: str) -> Value:
        """Return the mapping with one key taken out."""
        return replace(self, items={name: member for name, member in self.items.items() if name != key})


NONE = Value()


def only(taints: Iterable[Taint]) -> Value:
    """Return a value with these taints, each source once."""
    seen: dict[tuple[Origin, int], Taint] = {}
    for taint in taints:
        seen.setdefault((taint.origin, id(taint.node)), taint)
    return Value(tuple(seen.values())) if seen else NONE


def merged(first: Value, second: Value) -> Value:
    """Return what holds of either value: after an `if`, a loop, a `try`."""
    if first is second:
        return first
    keys = {**first.items, **second.items}
    both = first.items.keys() & second.items.keys()
    return Value(
        only((*first.taints, *second.taints)).taints,
        {key: merged(first.items[key], second.items[key]) if key in both else member for key, member in keys.items()},
        first.closed and second.closed,
        first.optional | second.optional | (keys.keys() - both),
        first.expression if first.expression is second.expression else None,
        first.made if first.made == second.made else "",
    )


def updated(value: Value, added: Value) -> Value:
    """Return a mapping after `update`: what is added is set on every way."""
    return Value(
        only((*value.taints, *added.taints)).taints,
        {**value.items, **added.items},
        value.closed and added.closed,
        (value.optional - (added.items.keys() - added.optional)) | added.optional,
        value.expression,
        value.made,
    )


def left_open(value: Value, before: frozenset[str]) -> Value:
    """Return a mapping without what is set on some ways only because the caller chose so: nothing is sure of it."""
    chosen = value.optional - before
    if not chosen:
        return value
    items = {key: member for key, member in value.items.items() if key not in chosen}
    return replace(value, items=items, closed=False, optional=value.optional - chosen)


def shaped(value: Value, module: Module, node: ast.AST, text: str) -> Value:
    """Return a value made into text at a node; `text` says how."""
    return value.map(lambda taint: replace(taint.then(module, node, text), shaped=True))


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """A call with what its parts hold. `name` is the last part of what is called, `target` all of it as written."""

    node: ast.Call
    name: str
    target: str
    receiver: Value
    positional: tuple[Value, ...]
    named: Mapping[str, Value]

    def taints(self) -> tuple[Taint, ...]:
        """Return the taints of all arguments and of their members."""
        found = [taint for value in self.positional for taint in value.all()]
        found.extend(taint for value in self.named.values() for taint in value.all())
        return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """What a function does with what it is given: its answer, and (sink, parameter's taint, node, name) reached."""

    returned: Value
    reached: tuple[tuple[Sink, Taint, ast.AST, str], ...]
