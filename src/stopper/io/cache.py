"""Results that are kept between scans, in a folder of the user's own: a file's name says what it is the result of.

A cache that cannot be used costs time and nothing else: every failure means that nothing was kept.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

LARGEST = 64 << 20
"""Bytes of one result, above which it is not kept."""

MOST = 32
"""Results that are kept; the oldest go first."""


def default_folder() -> Path:
    """Return `$XDG_CACHE_HOME/stopper`, else `~/.cache/stopper` (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "stopper"


class Cache:
    """A folder of results, each under its key: hexadecimal digits."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made when something is first kept."""
        self._folder = folder

    def get(self, key: str) -> bytes | None:
        """Return what is kept under a key, None where there is nothing that this user wrote alone."""
        try:
            descriptor = os.open(self._folder / key, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                return file.read(LARGEST) if self._trusted() and _own(os.fstat(descriptor)) else None
        except OSError:
            return None

    def put(self, key: str, data: bytes) -> None:
        """Keep a result, whole or not at all, and let the oldest go."""
        if len(data) > LARGEST:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._trusted():
                return
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".new-")  # mkstemp makes it 0600
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                Path(name).replace(self._folder / key)
            except OSError:
                Path(name).unlink()
            self._prune()

    def _trusted(self) -> bool:
        """Tell whether nobody else can put results here: they are believed."""
        return _own(os.lstat(self._folder))

    def _prune(self) -> None:
        kept = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[MOST:]:
            path.unlink(missing_ok=True)


def _own(status: os.stat_result) -> bool:
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
