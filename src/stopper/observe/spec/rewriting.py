"""A specification's text with where each value begins and ends, so that a hook can change it in place.

The reader of `observe.spec` says what a document means and has judged what it costs; this tells where it is written.
Everything but the changed stretch stays as it is: comments, order, quotes, line ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from json.decoder import scanstring  # type: ignore[attr-defined]  # not in the stubs

import yaml

from stopper.model import Place
from stopper.observe.spec.text import encoding
from stopper.rewrite import CannotRewriteError, Text

Plain = str | bool | Mapping[str, "Plain"] | list["Plain"]
"""What can be written into a document."""

DEPTH = 200
"""Levels of values in each other above which a document is not rewritten: the parsers of positions recurse."""

_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"[^\s,\]}]+")
_PLAIN = re.compile(r"[A-Za-z_/][\w./-]*")
_WORDS = frozenset("y n yes no on off true false null none".split())


@dataclass(eq=False, slots=True)
class Part:
    """A value and where it stands: offsets in characters. `key_start` is where its entry begins, with its key if any.

    `flow` says that brackets hold it, as all collections of JSON are.
    """

    start: int
    end: int
    text: str = ""
    flow: bool = False
    key_start: int = 0
    entries: dict[str, Part] = field(default_factory=dict)
    items: list[Part] = field(default_factory=list)
    parent: Part | None = field(default=None, repr=False)

    @property
    def children(self) -> Iterator[Part]:
        """Yield the values of a collection in order."""
        yield from self.entries.values()
        yield from self.items


class SpecText:
    """The text of one specification file, with its values in their places."""

    def __init__(self, path: str, data: bytes) -> None:
        """Take a file that `observe.spec.read` accepted."""
        self.path = path
        self._encoding = encoding(data)
        text = data.decode(self._encoding, "strict")
        self._mark = text[:1] if text[:1] == "\ufeff" else ""
        self._ends = "\r\n" if "\r\n" in text else "\n"
        self.text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        self.whole = self.encoded(self.text) == data
        """Whether the text gives the very bytes again: not so where lines end now in this way, now in another."""

    def encoded(self, text: str) -> bytes:
        """Return a changed text as the bytes of the file: with its encoding, byte order mark and line ends."""
        return (self._mark + text.replace("\n", self._ends)).encode(self._encoding)

    @cached_property
    def json(self) -> bool:
        """Tell whether the file is JSON."""
        return self.text.lstrip()[:1] in ("{", "[")

    @cached_property
    def root(self) -> Part:
        """Return the outermost value. Raises CannotRewriteError where the positions cannot be told."""
        try:
            if self.json:
                try:
                    return _Json(self.text).read()
                except ValueError:
                    pass  # a mapping of YAML in braces
            return _from_yaml(self.text)
        except (yaml.YAMLError, RecursionError, ValueError):
            raise CannotRewriteError("it cannot be told where its values begin and end") from None

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def at(self, place: Place) -> Part:
        """Return the value whose entry begins at a place, the innermost one: an item of a list may begin with its key.

        Raises CannotRewriteError where there is none.
        """
        offset = self._starts[place.line - 1] + place.column - 1 if 0 < place.line <= len(self._starts) else -1
        found: Part | None = None
        waiting = [self.root]
        for part in waiting:
            if part.key_start == offset and part.parent is not None:
                found = part
            waiting.extend(part.children)
        if found is None:
            raise CannotRewriteError("nothing begins at the place of the finding")
        return found

    def replaced(self, part: Part, old: str, new: str) -> Text:
        """Put a text in the place of the first one like it within a value, without regard to case.

        Raises CannotRewriteError where the value does not hold it as it is written.
        """
        found = re.compile(re.escape(old), re.IGNORECASE).search(self.text, part.start, part.end)
        if found is None:
            raise CannotRewriteError(f"`{old}` is not written there as it is meant")
        return Text(self.path, found.start(), found.end(), new)

    def value(self, part: Part, new: str) -> Text:
        """Put a scalar in the place of a scalar, in quotes where those are needed."""
        return Text(self.path, part.start, part.end, self._scalar(new))

    def entry(self, mapping: Part, key: str, value: Plain) -> Text:
        """Give a mapping an entry, behind the last whose key sorts before it, in the style of the others.

        Raises CannotRewriteError where the mapping has the key, or is written with an alias or as a block without one.
        """
        if key in mapping.entries:
            raise CannotRewriteError(f"`{key}` is there already")
        before = [part for name, part in mapping.entries.items() if name < key]
        last = next(reversed(before or list(mapping.entries.values())), None)
        if mapping.flow:
            return self._flow_entry(mapping, last, key, value)
        if last is None or self.text[last.key_start] in "*&":
            raise CannotRewriteError("it has no entry to write one like")
        indent = " " * self._column(last.key_start)
        end = self._line_end(_last(last, self.text))
        lines = _block({key: value}, indent)
        return Text(self.path, end, end, "\n" + "\n".join(lines))

    def without(self, part: Part) -> Text:
        """Take an item out of the collection that holds it. Raises CannotRewriteError for the only one."""
        siblings = list(part.parent.children) if part.parent else []
        if part.parent is None or len(siblings) < 2:
            raise CannotRewriteError("it is the only one")
        place = next(number for number, each in enumerate(siblings) if each is part)
        if part.parent.flow:
            following = siblings[place + 1 : place + 2]
            if following:
                return Text(self.path, part.key_start, following[0].key_start, "")
            return Text(self.path, siblings[place - 1].end, part.end, "")
        start = self.text.rfind("\n", 0, part.key_start) + 1
        if self.text[start : part.key_start].strip(" -"):
            raise CannotRewriteError("something else stands on its line")
        return Text(self.path, start, self._line_end(_last(part, self.text)) + 1, "")

    def _flow_entry(self, mapping: Part, last: Part | None, key: str, value: Plain) -> Text:
        quoted = json.dumps(key)
        if last is None:
            at = mapping.start + 1
            return Text(self.path, at, at, f"{quoted}: {_flow(value, '', '')}")
        above = self.text.rfind("\n", 0, last.key_start) + 1
        margin = self.text[above : last.key_start]
        if margin.strip() or last.key_start < above:
            return Text(self.path, last.end, last.end, f", {quoted}: {_flow(value, '', '')}")
        outer = self._margin(mapping.end - 1)
        step = margin.removeprefix(outer) or "  "
        return Text(self.path, last.end, last.end, f",\n{margin}{quoted}: {_flow(value, margin, step)}")

    def _margin(self, offset: int) -> str:
        line = self.text[self.text.rfind("\n", 0, offset) + 1 :]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _column(self, offset: int) -> int:
        return offset - self.text.rfind("\n", 0, offset) - 1

    def _line_end(self, offset: int) -> int:
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def _scalar(self, text: str) -> str:
        return json.dumps(text) if self.json else _word(text)


def _last(part: Part, text: str) -> int:
    """Return where the last scalar or bracket of a value ends: a block's own end is where the next thing begins."""
    while not part.flow and (children := list(part.children)):
        part = children[-1]
    return part.start + len(text[part.start : part.end].rstrip())


def _word(text: str) -> str:
    """Return a scalar of YAML: in quotes where it could be read as anything but these letters."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _WORDS else json.dumps(text)


def _block(value: Plain, indent: str) -> list[str]:
    """Return the lines of a value in YAML's block style."""
    if isinstance(value, Mapping):
        lines = []
        for key, inner in value.items():
            if isinstance(inner, Mapping | list) and inner:
                lines += [f"{indent}{_word(key)}:", *_block(inner, indent + "  ")]
            else:
                lines.append(f"{indent}{_word(key)}: {_single(inner)}")
        return lines
    return [f"{indent}- {_single(each)}" for each in value] if isinstance(value, list) else [indent + _single(value)]


def _single(value: Plain) -> str:
    return _word(value) if isinstance(value, str) else json.dumps(value)


def _flow(value: Plain, margin: str, step: str) -> str:
    """Return a value between brackets, on one line without a step, else on lines below the margin."""
    if not step or not isinstance(value, Mapping | list):
        return json.dumps(value)
    return json.dumps(value, indent=step).replace("\n", "\n" + margin)


def _from_yaml(text: str) -> Part:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise ValueError
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    if node is None:
        raise ValueError
    return _of_node(node, node.start_mark.index, None)


def _of_node(node: yaml.Node, key_start: int, parent: Part | None) -> Part:
    scalar = isinstance(node, yaml.ScalarNode)
    part = Part(node.start_mark.index, node.end_mark.index, node.value if scalar else "", key_start=key_start)
    part.parent = parent
    if isinstance(node, yaml.CollectionNode):
        part.flow = bool(node.flow_style)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                part.entries[key.value] = _of_node(value, key.start_mark.index, part)
    elif isinstance(node, yaml.SequenceNode):
        part.items.extend(_of_node(each, each.start_mark.index, part) for each in node.value)
    return part


class _Json:
    """Reads JSON for positions alone: `observe.spec` has seen that it is valid."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self) -> Part:
        """Return the outermost value. Raises ValueError."""
        start = self._space(0)
        return self._value(start, start, None, 0)

    def _space(self, position: int) -> int:
        match = _SPACE.match(self.text, position)
        return match.end() if match else position

    def _value(self, start: int, key_start: int, parent: Part | None, depth: int) -> Part:
        first = self.text[start : start + 1]
        part = Part(start, start, key_start=key_start, parent=parent, flow=first in ("{", "["))
        if depth > DEPTH:
            raise ValueError
        if part.flow:
            part.end = self._collection(part, "}" if first == "{" else "]", depth)
        elif first == '"':
            part.text, part.end = scanstring(self.text, start + 1, False)
        elif match := _SCALAR.match(self.text, start):
            part.text, part.end = match[0], match.end()
        else:
            raise ValueError
        return part

    def _collection(self, part: Part, closing: str, depth: int) -> int:
        """Read what a bracket holds, and return where it is closed."""
        position = self._space(part.start + 1)
        while self.text[position : position + 1] != closing:
            begin = position
            if closing == "}":
                if self.text[position : position + 1] != '"':
                    raise ValueError
                key, position = scanstring(self.text, position + 1, False)
                position = self._space(self._space(position) + 1)
                part.entries[key] = value = self._value(position, begin, part, depth + 1)
            else:
                part.items.append(value := self._value(position, begin, part, depth + 1))
            position = self._space(value.end)
            if self.text[position : position + 1] == ",":
                position = self._space(position + 1)
            elif self.text[position : position + 1] != closing:
                raise ValueError
        return position + 1
