"""YAML to nodes, over the events of libyaml's parser: nothing is constructed, nothing is expanded.

Plain scalars follow the core schema of YAML 1.2 (section 10.3.2): `no` and `on` are text. Keys are text always.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from yaml import CSafeLoader, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from stopper.observe.spec.node import Budget, Node, Problems, Source, SpecError, Value, quoted

_CORE: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CORE_TAGS = frozenset("tag:yaml.org,2002:" + name for name in ("str", "int", "float", "bool", "null", "seq", "map"))
_PYTHON_TAG = "tag:yaml.org,2002:python/"
_MERGE = "<<"
_NO_TEXT = "a key that is no text"  # told by identity, so that no document can write it
_BATCH = 1_000


def read_yaml(source: Source, budget: Budget, problems: Problems) -> Node:
    """Return the root of a YAML file's first document.

    Raises `SpecError` where it is no YAML, nests too deep, asks for a Python object or exceeds the budget.
    """
    builder = _Builder(source, budget, problems)
    try:
        builder.run(CSafeLoader(source.text))
    except YAMLError as error:
        raise SpecError(_cause(error)) from None
    except UnicodeEncodeError:
        raise SpecError("the file holds lone surrogates: it is no text") from None
    return builder.root


def _cause(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    cause = getattr(error, "problem", None) or "it holds characters that YAML does not allow"
    return f"line {mark.line + 1}: no valid YAML: {cause}" if mark else f"no valid YAML: {cause}"


class _Open:
    """A collection under construction: the node, its key that waits for a value, and what had been counted before."""

    __slots__ = ("anchor", "before", "key", "key_offset", "node")

    def __init__(self, node: Node, anchor: str | None, before: int) -> None:
        self.node = node
        self.anchor = anchor
        self.before = before
        self.key: str | None = None
        self.key_offset = 0


class _Builder:
    """Turns events into nodes with a stack of its own, so that no depth of nesting reaches Python's."""

    def __init__(self, source: Source, budget: Budget, problems: Problems) -> None:
        self.source = source
        self.budget = budget
        self.problems = problems
        self.root = Node(None, source, 0)
        self.stack: list[_Open] = [_Open(Node([], source, 0), None, 0)]
        self.anchors: dict[str, tuple[Node, int] | None] = {}
        self.count = 0
        self.names: dict[str, str] = {}

    def run(self, parser: CSafeLoader) -> None:
        """Feed the events of the first document to the method of their type."""
        handlers: dict[type, Any] = {
            ScalarEvent: self.scalar,
            MappingStartEvent: self.mapping,
            SequenceStartEvent: self.sequence,
            MappingEndEvent: self.end,
            SequenceEndEvent: self.end,
            AliasEvent: self.alias,
        }
        documents = 0
        next_event: Callable[[], Any] = parser.get_event
        while True:
            event = next_event()
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
            elif type(event) is DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self.problem(event, "only the first document is read")
                    break
            elif type(event) is StreamEndEvent:
                break
        self.budget.spend_nodes(self.count % _BATCH)
        if self.stack[0].node.items:
            self.root = self.stack[0].node.items[0]

    def scalar(self, event: Any) -> None:
        """Take a scalar: a key where the open mapping waits for one, else a value."""
        text: str = event.value
        top = self.stack[-1]
        if top.key is None and type(top.node.value) is dict:
            top.key = self.names.setdefault(text, text)
            top.key_offset = event.start_mark.index
            if event.anchor is not None:
                self.anchors[event.anchor] = (Node(text, self.source, top.key_offset), 1)
            return
        tag = event.tag
        value: Value = _CORE.get(text, text) if event.implicit[0] and tag is None else text
        if tag is not None:
            self.check_tag(event)
        node = self.attach(value, event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, 1)

    def mapping(self, event: Any) -> None:
        """Open a mapping."""
        self.open({}, event)

    def sequence(self, event: Any) -> None:
        """Open a sequence."""
        self.open([], event)

    def open(self, value: Value, event: Any) -> None:
        """Put a collection on the stack, refused beyond the depth that the budget allows."""
        if len(self.stack) > self.budget.depth:
            raise self.budget.nested_too_deep(self.source.line(event.start_mark.index))
        if event.tag is not None:
            self.check_tag(event)
        before = self.count
        node = self.attach(value, event)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        self.stack.append(_Open(node, event.anchor, before))

    def end(self, _event: Any) -> None:
        """Close the innermost collection; from here on its anchor may be used."""
        closed = self.stack.pop()
        if type(closed.node.value) is dict and _MERGE in closed.node.value:
            self.merge(closed.node.value)
        if closed.anchor is not None:
            self.anchors[closed.anchor] = (closed.node, self.count - closed.before)

    def alias(self, event: Any) -> None:
        """Take an alias: a node of its own that shares the anchor's value, counted as if it were written out."""
        offset = event.start_mark.index
        anchored = self.anchors.get(event.anchor)
        if anchored is None:
            inside = event.anchor in self.anchors
            self.problem(
                event,
                "an alias stands inside its own anchor" if inside else "an alias names no anchor before it",
            )
            value: Value = None
        else:
            value = anchored[0].value
            self.spend(anchored[1])
        top = self.stack[-1]
        if top.key is None and type(top.node.value) is dict and isinstance(value, str):
            top.key, top.key_offset = value, offset
            return
        self.attach(value, event)

    def attach(self, value: Value, event: Any) -> Node:
        """Put a value where it belongs in the open collection and return its node."""
        self.spend(1)
        top = self.stack[-1]
        container = top.node.value
        if type(container) is list:
            node = Node(value, self.source, event.start_mark.index)
            container.append(node)
            return node
        if top.key is None:
            self.problem(event, "a key is no text; its entry is left out")
            top.key, top.key_offset = _NO_TEXT, event.start_mark.index
            return Node(value, self.source, top.key_offset)
        node = Node(value, self.source, top.key_offset)
        key, top.key = top.key, None
        if key is _NO_TEXT:
            return node
        assert isinstance(container, dict)
        if key in container:
            self.problems.add(node, f"the key {quoted(key)} is given twice; the last one counts")
        if key == "$ref" and isinstance(value, str):
            self.source.references.append(node)
        container[key] = node
        return node

    def merge(self, entries: dict[str, Node]) -> None:
        """Take in what a merge key names; what the mapping itself says counts (YAML's merge key type)."""
        merged = entries.pop(_MERGE)
        if not merged.entries and not merged.items:
            self.problems.add(merged, "a merge key names no mapping")
        for part in (merged, *merged.items):
            self.spend(len(part.entries))
            for key, node in part.entries.items():
                entries.setdefault(key, node)

    def problem(self, event: Any, message: str) -> None:
        """Note a problem where an event begins."""
        self.problems.add(Node(None, self.source, event.start_mark.index), message)

    def spend(self, count: int) -> None:
        """Count values, and take them off the budget in batches."""
        batches = (self.count + count) // _BATCH - self.count // _BATCH
        self.count += count
        if batches:
            self.budget.spend_nodes(batches * _BATCH)

    def check_tag(self, event: Any) -> None:
        """Refuse tags that ask for a Python object; other tags than those of the core schema are a problem."""
        if event.tag.startswith(_PYTHON_TAG):
            line = self.source.line(event.start_mark.index)
            raise SpecError(f"line {line}: a tag asks for a Python object; refused")
        if event.tag not in _CORE_TAGS and event.tag != "!":
            self.problem(event, "a tag that is not YAML's own is ignored")
