"""The tree that both readers build: values with the place where each stands, within a budget."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stopper.model import Place
from stopper.observe.views import Problem
from stopper.secret import redact

_EXCERPT = 80

_NOTHING: Mapping[str, Any] = {}
_ENTRY = re.compile(r"[{\[]?[^,{}\[\]\n]{1,400}(?=[,{}\[\]\n])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class SpecError(Exception):
    """The input is no specification, or it costs more than the budget allows.

    The message is one line that names the cause; it never holds anything of the file but line numbers.
    """


class BudgetError(SpecError):
    """Reading would cost more than the budget allows; nothing of the input is used."""


class Problems:
    """What was met that is wrong but did not stop the reading; beyond 1,000 they are only counted."""

    LIMIT = 1_000

    def __init__(self) -> None:
        """Begin without problems."""
        self._found: dict[tuple[Place, str], Problem] = {}
        self._more = 0

    def add(self, where: Node | Place, message: str) -> None:
        """Note one problem, once for each place; a node's place is worked out only while problems are listed."""
        if len(self._found) >= self.LIMIT:
            self._more += 1
            return
        place = where.place if isinstance(where, Node) else where
        self._found.setdefault((place, message), Problem(place, message))

    def unless_mapping(self, node: Node | None, name: str) -> None:
        """Note that a part which is given is no mapping; it is then read as an empty one."""
        if node is not None and node.value is not None and type(node.value) is not dict:
            self.add(node, f"`{name}` is no mapping")

    def unless_list(self, node: Node | None, name: str) -> None:
        """Note that a part which is given is no list; it is then read as an empty one."""
        if node is not None and node.value is not None and type(node.value) is not list:
            self.add(node, f"`{name}` is no list")

    def listed(self) -> tuple[Problem, ...]:
        """Return the problems as met, and a last one with the number of those left out."""
        found = tuple(self._found.values())
        if not self._more:
            return found
        return (*found, Problem(Place(found[0].place.uri), f"{self._more:,} more problems are not listed"))


@dataclass(slots=True)
class Budget:
    """What one reading may cost, all of its files together.

    `size` is in bytes. `nodes` counts values with aliases as if they were written out. `steps` counts what is made
    of them: operations, parameters, servers, requirements and schemas looked into. `depth` is per file.
    Each `spend` method raises `BudgetError` beyond its limit.
    """

    size: int = 32 << 20
    nodes: int = 1_000_000
    steps: int = 1_000_000
    files: int = 5_000
    depth: int = 200
    _size: int = field(default=0, init=False)
    _files: int = field(default=0, init=False)
    _nodes: int = field(default=0, init=False)
    _steps: int = field(default=0, init=False)

    def spend_file(self, size: int) -> None:
        """Count one file of that many bytes."""
        self._size += size
        self._files += 1
        if self._files > self.files:
            raise BudgetError(f"the specification spreads over more than {self.files:,} files")
        if self._size > self.size:
            raise BudgetError(f"the specification is larger than {self.size:,} bytes")

    def spend_nodes(self, count: int) -> None:
        """Count that many values."""
        self._nodes += count
        if self._nodes > self.nodes:
            raise BudgetError(f"the specification holds more than {self.nodes:,} values, its aliases written out")

    def spend_steps(self, count: int = 1) -> None:
        """Count that many steps of what is made of the values."""
        self._steps += count
        if self._steps > self.steps:
            raise BudgetError(f"what the specification refers to multiplies: more than {self.steps:,} steps to read it")

    def nested_too_deep(self, line: int) -> BudgetError:
        """Return the error for a value that nests deeper than allowed."""
        return BudgetError(f"line {line}: nested more than {self.depth} levels deep")


@dataclass(slots=True, eq=False)
class Source:
    """One decoded file: its address, its text, and the `$ref` values met in it."""

    uri: str
    text: str
    references: list[Node] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)

    def place(self, offset: int) -> Place:
        """Return the line and column of a character offset, with what stands there: redacted, at most 80 characters."""
        if not self._starts:
            self._starts = [0] + [match.end() for match in re.finditer("\n", self.text)]
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return Place(self.uri, line, offset - start + 1, self._excerpt(start, end, offset))

    def _excerpt(self, start: int, end: int, offset: int) -> str:
        """Return a line, of a long one the entry at the offset, redacted as a whole and then cut."""
        if end - start <= 2 * _EXCERPT:
            excerpt = self.text[start:end]
        else:
            entry = _ENTRY.match(self.text, offset)
            excerpt = entry[0] if entry else ""
        return _CONTROL.sub(" ", redact(excerpt)[:_EXCERPT]).strip()

    def line(self, offset: int) -> int:
        """Return the 1-based line of a character offset."""
        return self.place(offset).line


Value = None | bool | str | list["Node"] | dict[str, "Node"]


class Node:
    """A value and where its entry begins: at its key in a mapping, else at the value itself.

    Numbers stay as they are written, for nothing here computes with them and version `3.10` is not `3.1`.
    An alias is a node of its own that shares the value.
    """

    __slots__ = ("offset", "source", "value")

    def __init__(self, value: Value, source: Source, offset: int) -> None:
        """Take the value and where it stands."""
        self.value = value
        self.source = source
        self.offset = offset

    def get(self, key: str) -> Node | None:
        """Return the entry of a mapping, or None where there is none or this is no mapping."""
        value = self.value
        return value.get(key) if type(value) is dict else None

    @property
    def entries(self) -> Mapping[str, Node]:
        """Return the entries of a mapping; nothing where this is none."""
        return self.value if isinstance(self.value, dict) else _NOTHING

    @property
    def items(self) -> Sequence[Node]:
        """Return the items of a sequence; nothing where this is none."""
        return self.value if isinstance(self.value, list) else ()

    @property
    def text(self) -> str:
        """Return a scalar as it is written; empty for null and collections."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        return self.value if isinstance(self.value, str) else ""

    @property
    def place(self) -> Place:
        """Return where the entry stands."""
        return self.source.place(self.offset)

    def text_of(self, key: str) -> str:
        """Return the text of an entry; empty where there is none."""
        entry = self.get(key)
        return entry.text if entry else ""

    def is_true(self, key: str) -> bool:
        """Tell whether an entry is the boolean true."""
        entry = self.get(key)
        return entry is not None and entry.value is True


def quoted(text: str) -> str:
    """Return a name of the document for a message: quoted, without control characters, at most 60 characters."""
    clean = _CONTROL.sub("?", text)
    return f"`{clean[:60]}…`" if len(clean) > 60 else f"`{clean}`"
