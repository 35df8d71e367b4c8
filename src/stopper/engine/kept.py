"""What the source said, kept for the next scan: the same files and the same rules give the same answers.

The key covers every file's content and every rule, so that one changed file means that all are read again: what one
module says depends on others. Nothing is kept that a report would not show; secrets of the source are read again.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

import stopper
from stopper.engine.reading import Reading
from stopper.observe.source import FileState, Project
from stopper.observe.source.standing import Scope


class Cache(Protocol):
    """Where results are kept under their keys."""

    def get(self, key: str) -> bytes | None:
        """Return what is kept under a key, None where there is nothing."""

    def put(self, key: str, data: bytes) -> None:
        """Keep a result."""


@dataclass(frozen=True, slots=True)
class Said:
    """All that the source witness says about one project; `unasked` are the files of which nothing was asked."""

    unasked: tuple[FileState, ...]
    readings: tuple[Reading, ...]


def key(project: Project, scope: Scope, controls: Iterable[str]) -> str:
    """Return what stands for these files under these rules: 64 hexadecimal digits."""
    left_out = sorted(standing.name for standing in scope.left_out)
    whole = "\0".join((project.digest, _rules(), sys.version, *left_out, *sorted(controls)))
    return hashlib.sha256(whole.encode()).hexdigest()


@functools.cache
def _rules() -> str:
    """Return what changes with any file of Stopper's own: the rules are its code."""
    files = sorted(Path(stopper.__file__).parent.rglob("*.py"))
    told = ((str(path), (status := path.stat()).st_size, status.st_mtime_ns) for path in files)
    return hashlib.sha256(repr(list(told)).encode()).hexdigest()


def get(cache: Cache, name: str) -> Said | None:
    """Return what was kept under a key, None where there is nothing that can be read."""
    data = cache.get(name)
    try:
        return msgspec.json.decode(data, type=Said) if data else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def put(cache: Cache, name: str, said: Said) -> None:
    """Keep what was said; a text that is no Unicode is not kept."""
    try:
        data = msgspec.json.encode(said)
    except UnicodeEncodeError:
        return
    cache.put(name, data)
