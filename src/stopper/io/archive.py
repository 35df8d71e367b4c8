"""Archives of source, unpacked into a folder of their own: what is read of them, and nothing beside it.

Names decide nothing but where below that folder a file goes; links, devices and what would leave it are not unpacked
(CWE-22, CWE-59), and what an archive unfolds to is bounded by what comes out of it, not by what it says (CWE-409).
"""

from __future__ import annotations

import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from stopper.io.files import FileError, Skip, escape

_ZIP_END = struct.Struct("<4s4H2LH")
"""The record at the end of a zip file (APPNOTE 4.3.16)."""

LARGEST_HEADER = 1 << 20
_MORE_HEADER = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)

_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What the libraries raise for an archive that is broken, locked or of a method that they do not know."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What may come out of an archive: entries, bytes of one file, bytes in all; and bytes of a zip's directory."""

    entries: int = 200_000
    file_bytes: int = 8 << 20
    bytes: int = 512 << 20
    directory_bytes: int = 16 << 20


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry: its name as written, its size as claimed, why it is no plain file, and how it is opened."""

    name: str
    size: int
    unfit: str
    open: Callable[[], IO[bytes] | None]


def is_archive(path: Path) -> bool:
    """Tell whether a regular file is a zip or tar archive, compressed or not, by looking at it."""
    try:
        return path.is_file() and (zipfile.is_zipfile(path) or tarfile.is_tarfile(path))
    except _BROKEN:
        return False


def unpack(path: Path, folder: Path, wanted: Callable[[str], bool], quota: Quota | None = None) -> list[Skip]:
    """Write the wanted files of an archive below an empty folder, and return what was left out.

    Raises FileError where it cannot be read to its end.
    """
    limits = quota or Quota()
    skips: list[Skip] = []
    unpacked = others = 0
    try:
        for number, entry in enumerate(_entries(path, limits)):
            unpacked += entry.size
            if number >= limits.entries or unpacked > limits.bytes:
                skips.append(Skip(".", f"stopped after {number} entries: the archive unfolds to too much", ended=True))
                break
            why = entry.unfit or _unfit(entry.name)
            if why:
                skips.append(Skip(escape(entry.name[:200]), why))
            elif wanted(entry.name):
                skips.extend(_written(entry, folder, limits.file_bytes))
            else:
                others += 1
    except _BROKEN:
        raise FileError(f"{escape(str(path))}: a broken archive") from None
    return [*skips, Skip(".", "not of a kind that is read", others)] if others else skips


def _entries(path: Path, limits: Quota) -> Iterator[_Entry]:
    return _zipped(path, limits) if zipfile.is_zipfile(path) else _tarred(path)


def _zipped(path: Path, limits: Quota) -> Iterator[_Entry]:
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, (1 << 16) + _ZIP_END.size), os.SEEK_END)
        tail = file.read()
    end = tail.rfind(b"PK\5\6")
    if end < 0 or _ZIP_END.unpack_from(tail, end)[5] > limits.directory_bytes:
        raise FileError(f"{escape(str(path))}: an archive with too many entries")
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            mode = info.external_attr >> 16
            plain = info.is_dir() or not stat.S_IFMT(mode) or stat.S_ISREG(mode)
            if not info.is_dir():
                unfit = "locked by a password" if info.flag_bits & 1 else "" if plain else "link, not followed"
                yield _Entry(info.filename, info.file_size, unfit, lambda info=info: archive.open(info))  # type: ignore[misc]


class _Header(tarfile.TarInfo):
    """A header of a tar archive; one that is only more of another header, and very long, is refused unread."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        """Return a header block's content. Raises ReadError, and what TarInfo does."""
        made = super().frombuf(buf, encoding, errors)
        if made.type in _MORE_HEADER and made.size > LARGEST_HEADER:
            raise tarfile.ReadError("a header too long")
        return made


def _tarred(path: Path) -> Iterator[_Entry]:
    # As a stream: nothing is read twice, and the claims of the headers are counted before their bytes are.
    with tarfile.open(path, "r|*", tarinfo=_Header) as archive:
        for info in archive:
            if not info.isdir():
                unfit = "" if info.isreg() else "link, not followed" if info.issym() or info.islnk() else "device"
                yield _Entry(info.name, info.size, unfit, lambda info=info: archive.extractfile(info))  # type: ignore[misc]


def _unfit(name: str) -> str:
    """Return why a name is none below a folder, or an empty text."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0] or "\0" in name:
        return "leads out of the archive"
    return ""


def _written(entry: _Entry, folder: Path, most: int) -> Iterator[Skip]:
    target = folder / entry.name
    shown = escape(entry.name)
    opened = entry.open()
    if opened is None:
        return
    with opened as source:
        data = source.read(most + 1)
    if len(data) > most:
        yield Skip(shown, f"larger than {most} bytes")
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            file.write(data)
    except OSError as error:
        yield Skip(shown, "named twice" if isinstance(error, FileExistsError) else "a name that is none here")
