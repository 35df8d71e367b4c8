"""Long streams: no border of a block hides or cuts a credential, and memory does not grow."""

from __future__ import annotations

import io
import random
import tracemalloc
from collections.abc import Callable

import pytest

from stopper.sweep import stream
from stopper.sweep.sighting import Sighting
from stopper.sweep.stream import Position, stretches
from tests.sweep.corpus import FORMATS, HARMLESS, LEAKS, jwt, opaque

CORPUS = "".join(f"{written(leak)}\n{HARMLESS[0]}\n" for written in FORMATS[:6] for leak in LEAKS).encode()


def read_in(data: bytes, sizes: random.Random) -> Callable[[int], bytes]:
    """Return a `read` that gives as little as it likes, as pipes do."""
    file = io.BytesIO(data)
    return lambda size: file.read(sizes.randint(1, size))


def told(found: list[Sighting]) -> list[tuple[int, int, str]]:
    """Return places and values."""
    return [(sighting.spot.line, sighting.spot.offset, sighting.token.reveal()) for sighting in found]


def whole(data: bytes) -> list[Sighting]:
    """Return what is seen where all of it is one block."""
    return [sighting for stretch in stretches(io.BytesIO(data).read, "x") for sighting in stretch.found]


@pytest.mark.parametrize("seed", range(4))
def test_blocks_of_any_size_see_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks and short reads find what one large block finds, each once, at the same line and byte."""
    sizes = random.Random(seed)
    monkeypatch.setattr(stream, "BLOCK", sizes.randint(500, 9000))
    monkeypatch.setattr(stream, "REACH", 8192)
    found = [s for stretch in stretches(read_in(CORPUS, sizes), "x") for s in stretch.found]
    monkeypatch.undo()
    assert told(found) == told(whole(CORPUS))
    assert len(found) == 6 * len(LEAKS)


@pytest.mark.parametrize("shift", [0, 1, 40, 111, 5000])
def test_a_line_without_end_hides_nothing(shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a line much longer than a block, each token is found once and whole, wherever the borders fall."""
    monkeypatch.setattr(stream, "BLOCK", 10_000)
    monkeypatch.setattr(stream, "REACH", 4096)
    tokens = [jwt() if number % 2 else opaque("stop") for number in range(300)]
    text = "x" * shift + " ".join(f'{{"n": {number}, "v": "{token}"}},' for number, token in enumerate(tokens))
    assert len(text) > 3 * 10_000
    found = [s for stretch in stretches(io.BytesIO(text.encode()).read, "x") for s in stretch.found]
    assert [s.token.reveal() for s in found] == tokens
    assert all(text.startswith(s.token.reveal(), s.spot.offset) and s.spot.line == 1 for s in found)


@pytest.mark.parametrize("inside", [1, 3, 20, 40, 100, 150])
def test_a_lone_token_at_a_border_is_found(inside: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block may end anywhere within a token: what stands before the border is looked at again with the next."""
    monkeypatch.setattr(stream, "BLOCK", 10_000)
    monkeypatch.setattr(stream, "REACH", 4096)
    border = 20_000 - 4096
    for token in (jwt(), opaque("stop")):
        text = ("x " * border)[: border - min(inside, len(token) - 1) - 1] + " " + token + " x" * 20_000
        assert [s.token.reveal() for s in whole(text.encode())] == [token]


def test_binary_noise_holds_nothing_and_hides_nothing() -> None:
    """Bytes that are no text are gone over as they are."""
    noise = random.Random(1).randbytes(300_000)
    token = jwt().encode()
    assert [s.token.reveal() for s in whole(noise + b"\0" + token + b"\0" + noise)] == [token.decode()]
    assert whole(noise) == []


def test_it_goes_on_where_it_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """From every place that a stretch reached, the rest is seen with the lines and bytes of the whole."""
    monkeypatch.setattr(stream, "BLOCK", 20_000)
    everything = told(whole(CORPUS))
    before: list[Sighting] = []
    for stretch in stretches(io.BytesIO(CORPUS).read, "x"):
        before += stretch.found
        assert stretch.reached is not None
        rest = io.BytesIO(CORPUS)
        rest.seek(stretch.reached.offset)
        after = [s for more in stretches(rest.read, "x", start=stretch.reached) for s in more.found]
        assert told(before + after) == everything
    assert stretch.reached == Position(len(CORPUS), CORPUS.count(b"\n") + 1)


def test_memory_stays_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty-four blocks of lines and of a line without end take no more memory than a few."""
    monkeypatch.setattr(stream, "BLOCK", 1 << 16)
    lines, one_line, left = b"a quiet line of a log, as there are many\n", b"x" * 41, 64

    def read(size: int) -> bytes:
        nonlocal left
        left -= 1
        return (lines if left % 2 else one_line) * (size // 41) if left else b""

    tracemalloc.start()
    try:
        assert not any(stretch.found for stretch in stretches(read, "x"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * (1 << 16)
