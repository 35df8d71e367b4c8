"""Credentials that a document shows: in examples, defaults and descriptions, wherever they stand."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from stopper.model import Place
from stopper.observe.spec.node import Node, Source
from stopper.secret import Secret, recognise

_RUN = re.compile(r"(?<![\w.-])(?=[\w.-]*\d)[A-Za-z][\w-]{30,}(?:\.[\w-]*){0,4}", re.ASCII)
"""What a token looks like to a cheap look: a search for every form in a text of megabytes takes seconds."""

_FORMS = frozenset(("JWT", "opaque token", "vendor key"))
"""Forms that tell a credential from other texts: a header that names its algorithm, a checksum, a vendor's prefix."""


class Credentials:
    """Finds the credentials of one file by where they stand."""

    def __init__(self, root: Node) -> None:
        """Look through the text of the root's file."""
        found = list(_found(root.source))
        self._source = root.source
        self._offsets = [offset for offset, _ in found]
        self._values = [Secret(value) for _, value in found]
        paths = root.get("paths")
        first, last = _extent(paths) if found and paths is not None else (0, 0)
        self._outside = [each for each in range(len(found)) if not first <= self._offsets[each] <= last]

    def of(self, operation: Node) -> tuple[tuple[Place, Secret], ...]:
        """Return the credentials within an operation, and those that stand outside of all paths."""
        if not self._offsets:
            return ()
        within: list[int] = []
        if operation.source is self._source:
            first, last = _extent(operation)
            within = list(range(bisect_left(self._offsets, first), bisect_right(self._offsets, last)))
        chosen = sorted({*within, *self._outside})
        return tuple((self._source.place(self._offsets[each]), self._values[each]) for each in chosen)


def _found(source: Source) -> list[tuple[int, str]]:
    return [
        (run.start() + match.start, run[0][match.start : match.end])
        for run in _RUN.finditer(source.text)
        for match in recognise(run[0])
        if match.kind in _FORMS
    ]


def _extent(node: Node) -> tuple[int, int]:
    """Return the offsets at which a node begins and its last scalar ends; aliases lead elsewhere and are left out."""
    last, waiting = node.offset, [node]
    while waiting:
        current = waiting.pop()
        if current.source is not node.source or current.offset < node.offset:
            continue
        last = max(last, current.offset + len(current.text))
        waiting.extend(current.entries.values())
        waiting.extend(current.items)
    return node.offset, last
