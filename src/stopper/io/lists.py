"""Long lists of guesses, one on each line, read a piece at a time: they may be larger than the memory."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from stopper.io.files import FileError, escape

PIECE = 1 << 20
"""Bytes that are read at a time."""

LONGEST = 1 << 16
"""Bytes of one line; the rest of a longer one counts as lines of their own."""


def checked(path: Path) -> os.stat_result:
    """Return what is known of a list that can be read. Raises FileError for anything but a readable regular file."""
    with _opened(path) as file:
        return os.fstat(file.fileno())


def pieces(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the pieces of a list, whole lines without the last end, each with the number of its first line, from 1.

    Raises FileError.
    """
    first, rest = 1, b""
    with _opened(path) as file:
        while data := file.read(PIECE):
            whole, end, rest = (rest + data).rpartition(b"\n")
            if end:
                yield first, whole
                first += whole.count(b"\n") + 1
            elif len(rest) > LONGEST:
                yield first, rest
                first, rest = first + 1, b""
        if rest:
            yield first, rest


def _opened(path: Path) -> BinaryIO:
    try:
        # A FIFO would block, a device never end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise FileError(f"{escape(str(path))}: {os.strerror(error.errno or 0).lower()}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileError(f"{escape(str(path))}: is no regular file")
    return os.fdopen(descriptor, "rb")
