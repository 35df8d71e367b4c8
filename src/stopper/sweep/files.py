"""Files and folders: logs, dumps, HAR, `.env`, archives; whatever is there is read, binary or not."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from stopper.secret import redact
from stopper.sweep.packed import BROKEN, Peeked, UnpackError, members, unpacked
from stopper.sweep.sighting import Skipped, Step
from stopper.sweep.stream import Position, stretches

__all__ = ["File", "member_steps", "printable", "why"]

_HEAD = 256  # bytes by which a file is known again beside its number
_RUN = re.compile(r"[A-Za-z0-9]{16}")  # looked for first, as few names have one and every form of a token has
_JOINED = re.compile(r"(?<=[-_.])(?=[A-Za-z0-9])")
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


def printable(text: str) -> str:
    """Return a name that can be shown: without credentials, and what could steer a terminal as escapes (CWE-150).

    Names of files, members and columns are made of what was at hand, and that may be a token (CWE-532).
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in _without_credentials(text))


def _without_credentials(name: str) -> str:
    """Return a name without credentials, also where one is joined to other words, as in `session-eyJ...`."""
    if _RUN.search(name):
        for found in reversed(list(_JOINED.finditer(name))):
            name = name[: found.start()] + redact(name[found.start() :])
    return redact(name)


@dataclass(frozen=True, slots=True)
class File:
    """A regular file. It is known again by its number and its beginning, so that a rotated log is not read twice."""

    path: Path
    link: bool
    identity: str
    size: int
    changed: int

    @classmethod
    def found(cls, path: Path, link: bool = False) -> File | Skipped:
        """Return what is at a path, or why it cannot be read; `link`: it was named and may be a link."""
        try:
            with _opened(path, link) as file:
                status, head = os.fstat(file.fileno()), file.read(_HEAD)
        except (UnpackError, OSError) as error:
            return Skipped(printable(str(path)), why(error))
        known = hashlib.sha256(head).hexdigest()[:16] if len(head) == _HEAD else "short"
        return cls(path, link, f"file {status.st_dev}:{status.st_ino}:{known}", status.st_size, status.st_mtime_ns)

    def steps(self, reached: dict[str, Any]) -> Iterator[Step]:
        """Yield what stands in it. A plain file goes on where it was left; a packed one is read whole or not at all."""
        shown = printable(str(self.path))
        if reached.get("size") == self.size and reached.get("changed") == self.changed:
            yield Step(tuple(Skipped(what, why) for what, why in reached["skipped"]))
            return
        try:
            with _opened(self.path, self.link) as file:
                yield from self._read(file, shown, Position(int(reached.get("offset", 0)), int(reached.get("line", 1))))
        except (UnpackError, *BROKEN) as error:
            skipped = Skipped(shown, why(error))
            yield Step((skipped,), self._done([skipped]))

    def _read(self, file: IO[bytes], shown: str, start: Position) -> Iterator[Step]:
        outer = Peeked(file)
        stream = unpacked(outer)
        entries = members(stream, file if stream is outer else None)
        if entries is None and stream is outer:
            yield from self._plain(file.fileno(), shown, start)
            return
        skipped: list[Skipped] = []
        for name, member in entries if entries is not None else [("", stream)]:
            for step in member_steps(shown, printable(name), member):
                skipped += (found for found in step.found if isinstance(found, Skipped))
                yield step
        yield Step((), self._done(skipped))

    def _plain(self, descriptor: int, shown: str, start: Position) -> Iterator[Step]:
        at = start if 0 < start.offset <= self.size else Position()
        while (begin := _data_from(descriptor, at.offset)) is not None:
            line = at.line
            for stretch in stretches(_Extent(descriptor, begin).read, shown, start=Position(begin, line)):
                reached = stretch.reached
                at = reached or at
                yield Step(
                    stretch.found, {"offset": reached.offset, "line": reached.line} if reached else None, stretch.bytes
                )

    def _done(self, skipped: list[Skipped]) -> dict[str, Any]:
        return {"size": self.size, "changed": self.changed, "skipped": [(each.what, each.why) for each in skipped]}


def _opened(path: Path, link: bool) -> IO[bytes]:
    """Open a regular file, and wait for nobody. Raises OSError, and UnpackError for what is none."""
    descriptor = os.open(path, _OPEN & ~os.O_NOFOLLOW if link else _OPEN)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnpackError("not a regular file")
    return os.fdopen(descriptor, "rb")


def _data_from(descriptor: int, offset: int) -> int | None:
    """Return where a file's next bytes stand that are no hole, None at its end: a hole holds nothing at all."""
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError:
        return None


class _Extent:
    """The bytes of a file from a place up to the next hole or to its end, to which others may add meanwhile."""

    def __init__(self, descriptor: int, begin: int) -> None:
        self._descriptor, self._at, self._end = descriptor, begin, begin

    def read(self, size: int) -> bytes:
        if self._at == self._end:
            self._end = self._hole()
        data = os.pread(self._descriptor, min(size, self._end - self._at), self._at)
        self._at += len(data)
        return data

    def _hole(self) -> int:
        try:
            return os.lseek(self._descriptor, self._at, os.SEEK_HOLE)
        except OSError:  # at the end of the file
            return self._at


def member_steps(shown: str, item: str, member: Peeked | str) -> Iterator[Step]:
    """Yield what stands in one file of an archive or version of a git repository; archives in it are not read."""
    what = f"{shown} {item}".rstrip()
    if isinstance(member, str):
        yield Step((Skipped(what, member),))
        return
    try:
        stream = unpacked(member)
        if item and members(stream, None) is not None:
            raise UnpackError("an archive within another")
        for stretch in stretches(stream.read, shown, item):
            yield Step(stretch.found, None, stretch.bytes)
    except (UnpackError, *BROKEN) as error:
        yield Step((Skipped(what, why(error)),))


def why(error: Exception) -> str:
    """Return the cause of an error as one line without the path."""
    if isinstance(error, UnpackError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "broken or cut off"
