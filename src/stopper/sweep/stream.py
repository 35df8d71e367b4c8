"""Credentials in a stream of bytes, in memory that does not grow with it.

The stream is gone over in blocks that end with a line. A line that is longer than a block is cut, and each piece looked
at together with 64 KiB of what stands before and behind it, so that no border hides or cuts a credential.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stopper.secret import Secret
from stopper.sweep.anchors import anchors
from stopper.sweep.credentials import credentials
from stopper.sweep.sighting import Sighting, Spot

__all__ = ["BLOCK", "REACH", "Position", "Stretch", "stretches"]

BLOCK = 1 << 20
REACH = 1 << 16
"""How much of a long line is looked at on either side of an anchor; no token is longer."""

_PEM = b"-----BEGIN "
_ENDS = (b"\n", b"\0")
"""What ends the text around a credential: a line, and in a binary file what is no text."""
_TIME = re.compile(
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[ ]?[+-]\d\d:?\d\d)?"
    rb"|\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?"
    rb"|(?m:^)[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
)
_TIME_WITHIN = 4096  # bytes from the start of a line


@dataclass(frozen=True, slots=True)
class Position:
    """How far a stream was gone over: bytes, and the number of the line that begins there."""

    offset: int = 0
    line: int = 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was found in a block, and where the next one begins; `reached` is None within a line."""

    found: tuple[Sighting, ...]
    reached: Position | None
    bytes: int


def stretches(
    read: Callable[[int], bytes], source: str, item: str = "", start: Position | None = None
) -> Iterator[Stretch]:
    """Yield what stands in a stream, whose `read(n)` gives at most n bytes from `start` on, and none at its end.

    What `read` raises is raised once what it gave before was gone over.
    """
    begin = start or Position()
    window = _Window(source, item, begin.offset, begin.line)
    while window.fill(read):
        yield window.stretch()
    if window.broken is not None:
        raise window.broken


class _Window:
    """The part of a stream that is in memory: context that was gone over before, a block, and what stands behind it."""

    def __init__(self, source: str, item: str, offset: int, line: int) -> None:
        self._source, self._item = source, item
        self._buffer = b""
        self._offset = offset  # of the buffer in the stream
        self._begin = 0  # in the buffer: what stands before it was gone over
        self._line = line  # of what begins there
        self._line_start = True
        self._told = 0  # in the stream: up to here credentials were told
        self._ended = False
        self.broken: Exception | None = None

    def fill(self, read: Callable[[int], bytes]) -> bool:
        """Read the next block; tell whether there is anything to go over."""
        while not self._ended and len(self._buffer) - self._begin < BLOCK + REACH:
            try:
                data = read(BLOCK)
            except Exception as error:
                self.broken, data = error, b""
            self._ended = not data
            self._buffer += data
        return self._begin < len(self._buffer)

    def stretch(self) -> Stretch:
        """Go over the block and let go of it."""
        end = self._end()
        found = tuple(self._sightings(end))
        gone = end - self._begin
        self._line += self._buffer.count(b"\n", self._begin, end)
        self._line_start = self._buffer[end - 1 : end] == b"\n"
        kept = end if self._line_start else max(0, end - REACH)
        self._buffer = self._buffer[kept:]
        self._offset += kept
        self._begin = end - kept
        whole = self._line_start or (self._ended and self._begin == len(self._buffer))
        reached = Position(self._offset + self._begin, self._line) if whole else None
        return Stretch(found, reached, gone)

    def _end(self) -> int:
        """Return where the block ends: behind a line if there is one, before a private key that it would cut."""
        size = len(self._buffer)
        if self._ended:
            return size
        end = self._buffer.rfind(b"\n", max(self._begin, size - REACH), size) + 1 or size - REACH
        key = self._buffer.rfind(_PEM, max(self._begin + 1, size - REACH), end)
        line = self._buffer.rfind(b"\n", self._begin, key) + 1 if key > 0 else 0
        return line if line > self._begin else end

    def _sightings(self, end: int) -> Iterator[Sighting]:
        counted, line = self._begin, self._line
        seen_to = 0
        for anchor in anchors(self._buffer, self._begin, end):
            if anchor < seen_to:
                continue
            first, last = self._around(anchor)
            whole = self._buffer[last : last + 1] in _ENDS or (self._ended and last == len(self._buffer))
            seen_to = last if whole else anchor + REACH // 2
            text = self._buffer[first:last].decode("latin-1")  # a byte a character, so that places agree
            for match in credentials(text):
                at = first + match.start
                if self._offset + at < self._told or at >= max(seen_to, anchor + 1) or at < self._begin - REACH:
                    continue
                self._told = self._offset + first + match.end
                line += self._buffer.count(b"\n", counted, at) if at > counted else 0
                counted = max(counted, at)
                yield self._sighting(match.kind, at, first + match.end, line, first)

    def _around(self, anchor: int) -> tuple[int, int]:
        """Return the line around an anchor, of a long one 64 KiB on either side; of a private key what follows too."""
        start, stop = max(0, anchor - REACH), min(len(self._buffer), anchor + REACH)
        first = max(self._buffer.rfind(end, start, anchor) for end in _ENDS) + 1 or start
        if self._buffer.startswith(_PEM, anchor):
            return first, min(stop, anchor + REACH // 2)
        found = [at for end in _ENDS if (at := self._buffer.find(end, anchor, stop)) >= 0]
        return first, min(found, default=stop)

    def _sighting(self, form: str, start: int, end: int, line: int, first: int) -> Sighting:
        value = self._buffer[start:end].decode("utf-8", "surrogateescape")
        stop = self._buffer.find(b"\n", start)
        time = _TIME.search(self._buffer, first, min(first + _TIME_WITHIN, stop if stop >= 0 else len(self._buffer)))
        told = time[0].decode("ascii") if time else ""
        return Sighting(form, Secret(value), Spot(self._source, self._item, line, self._offset + start, told))
