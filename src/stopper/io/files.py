"""Files in and out: a walk that opens nothing but regular files, reading without leaving a folder, whole writes."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

EXCLUDED = frozenset(
    {
        ".eggs",
        ".git",
        ".hg",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "node_modules",
        "site-packages",
        "venv",
    }
)
"""Names of folders that hold what others wrote or what a tool made."""

_SHOWN_AS_IT_IS = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# A FIFO or a device put in a file's place after it was looked at must neither block nor act.
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OPEN_FOLDER = _OPEN | os.O_DIRECTORY


class FileError(Exception):
    """An input or output file that cannot be used; the text is one line with the path and the cause."""


class _UnfitError(Exception):
    """What was opened is not to be read; the text is the reason, without the path."""


class SourceFile(NamedTuple):
    """A file of a walk: its path relative to the folder, with slashes, escaped for showing, and its bytes."""

    path: str
    data: bytes


class Skip(NamedTuple):
    """What a walk did not read, and why; `number` is more than one where entries are only counted.

    `ended` where the walk stopped there, with what follows not even counted.
    """

    path: str
    reason: str
    number: int = 1
    ended: bool = False


@dataclass(frozen=True, slots=True)
class WalkLimits:
    """Bounds of a walk: bytes in one file, files read, entries looked at, folders below each other."""

    file_bytes: int = 8 << 20
    files: int = 200_000
    entries: int = 2_000_000
    depth: int = 60


def _python(path: str) -> bool:
    return path.endswith(".py")


def walk(
    folder: Path, wanted: Callable[[str], bool] = _python, limits: WalkLimits | None = None
) -> Iterator[SourceFile | Skip]:
    """Yield the files below a folder whose paths (relative, with slashes) are wanted, in sorted order, one at a time.

    Links, FIFOs, sockets and devices are neither followed nor opened. Excluded folders, unreadable and oversized
    files come as Skip, other files as one Skip with their number. Raises FileError where the folder cannot be opened.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise FileError(f"{escape(str(folder))}: {_cause(error)}") from None
    yield from _Walk(wanted, limits or WalkLimits()).run(descriptor)


class _LimitReachedError(Exception):
    """The walk looked at as much as it may."""


class _Walk:
    """One walk: what it counts on the way."""

    def __init__(self, wanted: Callable[[str], bool], limits: WalkLimits) -> None:
        self._wanted = wanted
        self._limits = limits
        self._entries = 0
        self._files = 0
        self._others = 0

    def run(self, descriptor: int) -> Iterator[SourceFile | Skip]:
        try:
            yield from self._folder(descriptor, PurePosixPath())
        except _LimitReachedError as error:
            yield Skip(".", str(error), ended=True)
        if self._others:
            yield Skip(".", "not of a kind that is read", self._others)

    def _folder(self, descriptor: int, path: PurePosixPath) -> Iterator[SourceFile | Skip]:
        """Walk an open folder and close it."""
        try:
            names = self._names(descriptor)
            if path.parts and "pyvenv.cfg" in names:
                yield Skip(escape(str(path)), "virtual environment")
                return
            for name in names:
                yield from self._entry(descriptor, name, path)
        except OSError as error:
            yield Skip(escape(str(path)), _cause(error))
        finally:
            os.close(descriptor)

    def _names(self, descriptor: int) -> list[str]:
        names = []
        with os.scandir(descriptor) as entries:
            for entry in entries:
                self._entries += 1
                if self._entries > self._limits.entries:
                    raise _LimitReachedError(f"stopped after {self._limits.entries} entries")
                names.append(entry.name)
        return sorted(names)

    def _entry(self, parent: int, name: str, folder: PurePosixPath) -> Iterator[SourceFile | Skip]:
        path = folder / name
        try:
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                yield from self._subfolder(parent, name, path)
            elif not stat.S_ISREG(mode):
                yield Skip(escape(str(path)), _kind(mode))
            elif self._wanted(str(path)):
                yield self._file(parent, name, path)
            else:
                self._others += 1
        except OSError as error:
            yield Skip(escape(str(path)), _cause(error))

    def _subfolder(self, parent: int, name: str, path: PurePosixPath) -> Iterator[SourceFile | Skip]:
        if name in EXCLUDED or name.endswith(".egg-info"):
            yield Skip(escape(str(path)), "excluded folder")
        elif len(path.parts) > self._limits.depth:
            yield Skip(escape(str(path)), f"more than {self._limits.depth} folders deep")
        else:
            yield from self._folder(os.open(name, _OPEN_FOLDER, dir_fd=parent), path)

    def _file(self, parent: int, name: str, path: PurePosixPath) -> SourceFile | Skip:
        self._files += 1
        if self._files > self._limits.files:
            raise _LimitReachedError(f"stopped after {self._limits.files} files")
        shown = escape(str(path))
        try:
            return SourceFile(shown, _whole(os.open(name, _OPEN, dir_fd=parent), self._limits.file_bytes))
        except _UnfitError as error:
            return Skip(shown, str(error))


def read(path: Path, most: int) -> bytes:
    """Return a regular file of at most `most` bytes. Raises FileError."""
    try:
        return _whole(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), most)
    except OSError as error:
        raise FileError(f"{escape(str(path))}: {_cause(error)}") from None
    except _UnfitError as error:
        raise FileError(f"{escape(str(path))}: {error}") from None


def read_in_jail(root: Path, reference: str, most: int = 16 << 20) -> bytes:
    """Return the file that a relative reference names inside a folder.

    Percent-encoding is taken off (RFC 3986, 2.1). Raises FileError for absolute paths, for anything outside the
    folder, links that lead there included, and for what is no regular file of at most `most` bytes.
    """
    relative = unquote(reference)
    shown = escape(reference[:200])
    if not relative or "\0" in relative or "\\" in relative or ":" in relative or relative.startswith("/"):
        raise FileError(f"{shown}: not a relative path")
    try:
        base = root.resolve(strict=True)
        inside = (base / relative).resolve(strict=True)
        if not inside.is_relative_to(base) or inside == base:
            raise FileError(f"{shown}: leads out of the folder")
        return _whole(_open_below(base, inside.relative_to(base)), most)
    except (OSError, RuntimeError, ValueError) as error:
        raise FileError(f"{shown}: {_cause(error)}") from None
    except _UnfitError as error:
        raise FileError(f"{shown}: {error}") from None


def _open_below(base: Path, relative: Path) -> int:
    """Open a resolved path step by step, following no link: one could have been put there since it was resolved."""
    descriptor = os.open(base, _OPEN_FOLDER)
    for part in relative.parts[:-1]:
        try:
            following = os.open(part, _OPEN_FOLDER, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = following
    try:
        return os.open(relative.name, _OPEN, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _whole(descriptor: int, most: int) -> bytes:
    """Return what an open file of at most `most` bytes holds and close it. Raises _UnfitError or OSError."""
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise _UnfitError(_kind(mode))
        data = file.read(most + 1)
    if len(data) > most:
        raise _UnfitError(f"larger than {most} bytes")
    return data


def write(path: Path, text: str) -> None:
    """Write a text whole or not at all: into a new file beside it that then takes its place. Raises FileError.

    A path that is a terminal, a pipe or a device is written to as it is.
    """
    _write(path, text, 0o666)


def write_private(path: Path, text: str) -> None:
    """Write a text as `write` does, into a file that its owner alone may read. Raises FileError."""
    _write(path, text, 0o600)


def _write(path: Path, text: str, mode: int) -> None:
    data = text.encode("utf-8", "backslashreplace")
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            if target.is_dir():
                raise FileError(f"{escape(str(path))}: is a folder")
            target.write_bytes(data)
        else:
            _replace(target, data, mode)
    except OSError as error:
        raise FileError(f"{escape(str(path))}: {_cause(error)}") from None


def _replace(target: Path, data: bytes, mode: int) -> None:
    temporary = target.with_name(f".stopper-{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def escape(path: str) -> str:
    """Return a path that can be shown: control, direction-changing and undecodable characters as escapes."""
    if path.isascii() and path.isprintable():
        return path
    return "".join(c if _SHOWN_AS_IT_IS.match(c) else ascii(c)[1:-1] for c in path)


def _kind(mode: int) -> str:
    for test, kind in (
        (stat.S_ISLNK, "link, not followed"),
        (stat.S_ISDIR, "folder"),
        (stat.S_ISFIFO, "named pipe"),
        (stat.S_ISSOCK, "socket"),
    ):
        if test(mode):
            return kind
    return "device"


def _cause(error: Exception) -> str:
    """Return the cause of an error as one lower-case line without the path."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "cannot be resolved"
