"""What a file holds, unpacked as a stream: compressed texts, archives, texts in UTF-16.

Names decide nothing, the first bytes do. Nothing is written anywhere, and what unfolds to far more than any log does is
not followed to its end (CWE-409).
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import importlib
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

__all__ = ["BROKEN", "UnpackError", "members", "unpacked"]

MOST_UNFOLDED = 1000  # times the bytes that were read
ALWAYS_UNFOLDED = 1 << 30
_LARGEST_HEADER = 1 << 20
_TAR_MAGIC = 257
_CHUNK = 1 << 16

BROKEN = (
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the libraries raise for what is broken, cut off, or locked by a password."""


class UnpackError(Exception):
    """What is packed here cannot be read, in words."""


class Peeked:
    """A stream whose first bytes were looked at; counts what is read of it."""

    def __init__(self, stream: Any, first: bytes = b"") -> None:
        """Take the stream and what was read of it before."""
        self._stream, self._first = stream, first
        self.count = 0

    def peek(self, size: int) -> bytes:
        """Return the first bytes, which stay to be read."""
        while len(self._first) < size and (more := self._stream.read(size - len(self._first))):
            self._first += more
        return self._first[:size]

    def read(self, size: int = -1) -> bytes:
        """Return at most so many bytes, none at the end; all that are left for a negative number."""
        if size < 0:
            data, self._first = self._first + self._stream.read(), b""
        elif self._first:
            data, self._first = self._first[:size], self._first[size:]
        else:
            data = self._stream.read(size)
        self.count += len(data)
        return bytes(data)


def unpacked(stream: Peeked) -> Peeked:
    """Return what stands in a stream, once it is neither compressed nor in UTF-16. Raises UnpackError."""
    for magic, form in _UNREADABLE:
        if stream.peek(len(magic)) == magic:
            raise UnpackError(f"packed as {form}, which is not read")
    for magic, opened in _OPENERS:
        if stream.peek(len(magic)) == magic:
            return unpacked(Peeked(_Bounded(opened(stream), stream)))
    encoding = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}.get(stream.peek(2))
    return Peeked(_Recoded(stream, encoding)) if encoding and stream.peek(4)[2:] != b"\0\0" else stream


def _zstd(stream: Peeked) -> Any:
    try:
        module = importlib.import_module("compression.zstd")
    except ImportError:
        raise UnpackError("zstd is read from Python 3.14 on") from None
    return module.ZstdFile(stream)


_OPENERS: tuple[tuple[bytes, Callable[[Any], Any]], ...] = (
    (b"\x1f\x8b\x08", lambda stream: gzip.GzipFile(fileobj=stream)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\0", lzma.LZMAFile),
    (b"\x28\xb5\x2f\xfd", _zstd),
)

_UNREADABLE = (
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"LZIP\x01", "lzip"),
    (b"\x1f\x9d\x90", "compress"),
    (b"\xff\x06\x00\x00sNaPpY", "Snappy"),
)
"""What is said to be left out: its bytes as they are hide what is in it."""


class _Bounded:
    """What comes out of a decompressor, as long as it stands in some proportion to what goes in.

    What stands before a break is given first, and then the error raised.
    """

    def __init__(self, opened: Any, packed: Peeked) -> None:
        self._opened, self._packed = opened, packed
        self._count = 0
        self._broken: Exception | None = None

    def read(self, size: int) -> bytes:
        if self._broken is not None:
            raise self._broken
        parts, left = [], size
        try:
            while left and (data := self._opened.read1(left)):
                parts.append(data)
                left -= len(data)
        except BROKEN as error:
            if not parts:
                raise
            self._broken = error
        self._count += size - left
        if self._count > max(ALWAYS_UNFOLDED, MOST_UNFOLDED * self._packed.count):
            raise UnpackError("unfolds to too much")
        return b"".join(parts)


class _Recoded:
    """A text in UTF-16 as UTF-8; what is no character becomes a question mark."""

    def __init__(self, stream: Peeked, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def read(self, size: int) -> bytes:
        while data := self._stream.read(max(2, size // 3)):
            text = self._decoder.decode(data)
            if text:
                return text.encode("utf-8", "replace")
        return b""


def members(stream: Peeked, whole: IO[bytes] | None) -> Iterator[tuple[str, Peeked | str]] | None:
    """Return name and stream of each file of an archive, or why it is not read; None for what is no archive.

    A zip archive is read from its end, so that it takes the `whole` file; without, it is not read.
    """
    if stream.peek(_TAR_MAGIC + 5)[_TAR_MAGIC:] == b"ustar":
        return _tarred(stream)
    if stream.peek(4) in (b"PK\3\4", b"PK\5\6"):
        return _zipped(whole) if whole else iter([("", "a zip archive within another")])
    return None


class _Header(tarfile.TarInfo):
    """A header of a tar archive; more of another header that is very long is refused unread."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        made = super().frombuf(buf, encoding, errors)
        if made.type in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME) and made.size > _LARGEST_HEADER:
            raise tarfile.ReadError("a header too long")
        return made


def _tarred(stream: Peeked) -> Iterator[tuple[str, Peeked | str]]:
    read = _Remembered(stream)
    with tarfile.open(fileobj=read, mode="r|", tarinfo=_Header) as archive:  # type: ignore[call-overload]
        for info in archive:
            archive.members = []  # which would grow with the archive
            opened = archive.extractfile(info) if info.isreg() else None
            if opened is not None:
                yield info.name, Peeked(_Bounded(opened, _Claimed(_stored(info))))
        # For tarfile a header that is broken is the end, if it is not the first.
        if read.holds_more_from(archive.offset):
            yield "", "broken, or more follows behind its end"


class _Remembered:
    """A stream that is read through, and the last of what was given, of which not all may have been used."""

    def __init__(self, stream: Peeked) -> None:
        self._stream = stream
        self._last = b""
        self._given = 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._given += len(data)
        self._last = (self._last + data)[-2 * size :]
        return data

    def holds_more_from(self, offset: int) -> bool:
        """Tell whether anything but zeros stands from a place on; reads to the end, where a checksum may be wrong."""
        left = self._last[max(0, len(self._last) - (self._given - offset)) :]
        more = bool(left.strip(b"\0"))
        while data := self._stream.read(_CHUNK):
            more = more or bool(data.strip(b"\0"))
        return more


def _stored(info: tarfile.TarInfo) -> int:
    """Return how many bytes of a member a tar archive holds: of a sparse one, all but its holes."""
    sparse: Any = info.sparse  # offset and size of each stretch
    return info.size if sparse is None else sum(size for _, size in sparse)


def _zipped(whole: IO[bytes]) -> Iterator[tuple[str, Peeked | str]]:
    with zipfile.ZipFile(whole) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            if info.flag_bits & 1:
                yield info.filename, "locked by a password"
                continue
            try:
                opened = archive.open(info)
            except BROKEN:
                yield info.filename, "broken, or packed in a way that is not read"
                continue
            with opened:
                yield info.filename, Peeked(_Bounded(opened, _Claimed(info.compress_size)))


class _Claimed(Peeked):
    """What an archive says that a member takes, in place of a count."""

    def __init__(self, size: int) -> None:
        super().__init__(None)
        self.count = size
