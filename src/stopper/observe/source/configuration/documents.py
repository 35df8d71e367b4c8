"""Settings in documents: YAML, JSON and TOML, read by parsers that construct nothing, within a budget."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from stopper.observe.source.configuration.entries import UnreadableConfigurationError
from stopper.observe.source.configuration.lines import Found
from stopper.observe.spec.json_reader import read_json
from stopper.observe.spec.node import Budget, Node, Problems, Source, SpecError
from stopper.observe.spec.yaml_reader import read_yaml

_MOST_VALUES = 50_000
_DEEPEST = 60
_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)
"""What begins a document. A text is never taken for it: its lines are indented wherever it is part of a collection."""

_TEXT = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_TAGGED = re.compile(r"[^:\n]*:?\s*!\w")
"""An application's own tag: the value says where the setting is (`!vault`, `!ENV`, `!Ref`), or how it is made."""

_VARIABLE = re.compile(r"^([A-Za-z_]\w{0,199})=(.*)$", re.S)


def yaml(text: str) -> Iterator[Found]:
    """Yield the scalars of a YAML file's documents. Raises UnreadableConfigurationError."""
    for above, document in _documents(text):
        yield from ((name, value, above + line) for name, value, line in _read(document, read_yaml))


def _documents(text: str) -> Iterator[tuple[int, str]]:
    """Yield the documents of a YAML stream, each with the number of lines above it (YAML 1.2, 9.1.2)."""
    above = 0
    for written in _MARKER.split(text):
        if written.strip():
            yield above, written
        above += written.count("\n")


def json(text: str) -> Iterator[Found]:
    """Yield the scalars of a JSON file. Raises UnreadableConfigurationError."""
    yield from _read(text, read_json)


def _read(text: str, reader: Any) -> Iterator[Found]:
    source = Source("", text)
    try:
        root: Node = reader(source, Budget(nodes=_MOST_VALUES, depth=_DEEPEST), Problems())
    except SpecError as error:
        raise UnreadableConfigurationError(str(error)) from None
    seen: set[int] = set()
    waiting = [("", root)]
    while waiting:
        name, node = waiting.pop()
        if not isinstance(node.value, dict | list):
            yield from _scalar(name, node)
        elif id(node.value) not in seen:  # what an alias shares is read once, where it is written
            seen.add(id(node.value))
            waiting.extend(reversed(list(_below(name, node))))


def _below(name: str, node: Node) -> Iterator[tuple[str, Node]]:
    """Yield the values of a collection by name; `{name: KEY, value: …}` names its value itself (Kubernetes)."""
    named, value = node.get("name"), node.get("value")
    if named is not None and value is not None:
        yield named.text, value
        return
    yield from node.entries.items()
    yield from ((name, item) for item in node.items)


def _scalar(name: str, node: Node) -> Iterator[Found]:
    line = node.source.line(node.offset)
    variable = _VARIABLE.match(node.text) if name in ("environment", "env") else None
    if variable is not None:  # a service's environment may be a list of assignments (Compose)
        yield variable[1], variable[2], line
    elif name and not _TAGGED.match(node.source.text, node.offset):
        yield name, node.text, line


def toml(text: str) -> Iterator[Found]:
    """Yield the scalars of a TOML file. Raises UnreadableConfigurationError."""
    lines = text.split("\n")
    if any(_TEXT.sub("", line).count(".") > _DEEPEST for line in lines):  # takes tomllib time by its square
        raise UnreadableConfigurationError("nested too deeply")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise UnreadableConfigurationError("no valid TOML") from None
    waiting: list[tuple[tuple[str, ...], Any]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*path, key), each) for key, each in value.items())
        elif isinstance(value, list):
            waiting.extend((path, each) for each in value)
        elif path:
            written = str(value).lower() if isinstance(value, bool) else str(value)
            yield path[-1], written, _line(lines, path)


def _line(lines: list[str], path: tuple[str, ...]) -> int:
    """Return the line that assigns a key: below its table's header where there is one, else the first of that name."""
    header = re.compile(
        r"^\s*\[+\s*" + r"\s*\.\s*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in path[:-1]) + r"\s*\]"
    )
    assigned = re.compile(rf"(?:^|[\s{{,.\"']){re.escape(path[-1])}[\"']?\s*=")
    table = next((number for number, line in enumerate(lines) if header.match(line)), 0) if len(path) > 1 else 0
    return next((number for number, line in enumerate(lines[table:], table + 1) if assigned.search(line)), 1)
