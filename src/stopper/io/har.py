"""Recorded traffic from a file."""

from __future__ import annotations

from pathlib import Path

from stopper.io import files
from stopper.observe.wire.har import HarError, Recording, read_har

_LARGEST = 64 << 20


def read_recording(path: Path) -> Recording:
    """Return what a HAR file holds. Raises FileError with the file's name and the cause."""
    try:
        return read_har(files.read(path, _LARGEST))
    except HarError as error:
        raise files.FileError(f"{files.escape(str(path))}: {error}") from None
