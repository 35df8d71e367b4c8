"""Content codings are taken off once and within bounds."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from stopper.observe.wire.content import Content, decode

TEXT = b'{"items": [1, 2, 3]}'


def zipped(data: bytes) -> bytes:
    """Return data in the gzip format without the time, so that the names of the tests do not change."""
    return gzip.compress(data, mtime=0)


def _bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("packed", "coding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (zipped(TEXT), "gzip"),
        (zipped(TEXT), " X-GZIP "),
        (zlib.compress(TEXT), "deflate"),
        (_bare(TEXT), "deflate"),
        (zipped(TEXT[:7]) + zipped(TEXT[7:]), "gzip"),
        (b"", "gzip"),
    ],
)
def test_one_layer_comes_off(packed: bytes, coding: str) -> None:
    """gzip of one or several members, and deflate with or without its zlib wrapping, give the text."""
    assert decode(packed, coding, 1000) == Content(TEXT if packed else b"")


def test_output_stops_at_the_limit_and_says_so() -> None:
    """Exactly full is whole, one byte more is cut."""
    packed = zipped(bytes(1000))
    assert decode(packed, "gzip", 1000) == Content(bytes(1000))
    assert decode(packed, "gzip", 999) == Content(bytes(999), truncated=True)


def test_a_second_member_is_bounded_too() -> None:
    """What follows a member that filled the limit is not unfolded at all."""
    packed = zipped(bytes(1001)) + zipped(bytes(64 << 20))
    tracemalloc.start()
    assert decode(packed, "gzip", 1000) == Content(bytes(1000), truncated=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize(
    ("body", "coding", "said"),
    [
        (b"x", "br", "br"),
        (b"x", "zstd", "zstd"),
        (zipped(zipped(TEXT)), "gzip, gzip", "gzip, gzip"),
        (b"plain", "gzip", "gzip (broken)"),
        (b"plain", "deflate", "deflate (broken)"),
        (b"x", "\x1b[31mred\xff", "[31mred"),
    ],
)
def test_what_is_left_packed_is_said(body: bytes, coding: str, said: str) -> None:
    """Other codings, several layers and broken data leave the body alone."""
    assert decode(body, coding, 1000) == Content(body, undecoded=said)


def test_an_unfinished_stream_gives_what_it_holds() -> None:
    """A body that the client cut is read as far as it goes."""
    data = bytes(range(256)) * 40
    assert data.startswith(decode(zipped(data)[:200], "gzip", 100_000).body)
