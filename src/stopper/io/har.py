"""Recorded traffic from a file."""

from __future__ import annotations

from pathlib import Path

from stopper.io import files
from stopper.observe.wire.har import HarError, Recording, looks_like_har, read_har

_LARGEST = 64 << 20


def is_recording(path: Path) -> bool:
    """Tell whether a file looks like a HAR recording. Raises FileError where it cannot be read."""
    return looks_like_har(files.read_start(path, 1 << 16))


def read_recording(path: Path) -> Recording:
    """Return what a HAR file holds. Raises FileError with the file's name and the cause."""
    try:
        return read_har(files.read(path, _LARGEST))
    except HarError as error:
        raise files.FileError(f"{files.escape(str(path))}: {error}") from None
