"""Content codings of an answer, taken off within bounds."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

_GZIP = 16 + zlib.MAX_WBITS
_WINDOWS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}


@dataclass(frozen=True, slots=True)
class Content:
    """A body after its content coding was taken off.

    `truncated` says that there was more than the cap; `undecoded` names a coding that was left on.
    """

    body: bytes
    truncated: bool = False
    undecoded: str = ""


def decode(body: bytes, coding: str, limit: int) -> Content:
    """Take one layer of gzip or deflate (RFC 9110, 8.4.1) off a body, up to `limit` bytes of output.

    Other codings, several layers and broken data come back as they are, and `undecoded` says so.
    """
    name = coding.strip().lower()
    if not body or name in ("", "identity"):
        return Content(body)
    window = _WINDOWS.get(name)
    if window is None:
        return Content(body, undecoded=_printable(name))
    # Many servers send a bare deflate stream where RFC 9110, 8.4.1.2 wants the zlib format.
    windows = (window, -zlib.MAX_WBITS) if name == "deflate" else (window,)
    for candidate in windows:
        try:
            return _inflate(body, candidate, limit)
        except zlib.error:
            continue
    return Content(body, undecoded=f"{name} (broken)")


def _inflate(body: bytes, window: int, limit: int) -> Content:
    output = bytearray()
    rest = body
    while rest and len(output) <= limit:
        stream = zlib.decompressobj(window)
        # One byte above the limit tells "exactly full" from "there is more".
        output += stream.decompress(rest, limit + 1 - len(output))
        rest = stream.unused_data
    return Content(bytes(output[:limit]), truncated=len(output) > limit)


def _printable(name: str) -> str:
    return "".join(c for c in name[:40] if c.isascii() and c.isprintable())
