"""What a sample of tokens gives away, and what it does not."""

from __future__ import annotations

import hashlib
import itertools
import random
import secrets
import string
import time
import uuid
from collections.abc import Callable, Iterable

import pytest

from stopper.observe.wire.sample import Looked, Sample, bits, look

NOW = 1_790_000_000.5
LETTERS = string.ascii_letters + string.digits


def looked(tokens: Iterable[str], seconds: float = 20.0) -> Looked:
    """Look at tokens of logins that were answered one a second."""
    return look([Sample(token, NOW + number) for number, token in enumerate(tokens)], ("ada",), seconds)


def seeded(seed: int, make: Callable[[random.Random], str], before: int = 0) -> list[str]:
    """Return twenty tokens of a generator with this seed, of which so many were drawn by others before."""
    generator = random.Random(seed)
    return [make(generator) for _ in range(before + 20)][before:]


FAULTS: dict[str, tuple[list[str], str]] = {
    "repeats": ([f"{number % 19:032x}" + "k" for number in range(20)], "20 logins gave 19 different tokens"),
    "counter": ([f"tok-{number:012d}" for number in range(700, 760, 3)], "count up, by 3 to 3"),
    "hexadecimal counter": ([f"s_{0xDEADBEEF0000 + number:x}" for number in range(20)], "count up, by 1 to 1"),
    "constant": (["shop-2026-session-" + secrets.token_hex(3) for _ in range(20)], "never change"),
    "choices": (seeded(int(NOW) + 15, lambda r: "".join(r.choices(LETTERS, k=32))), "the time in seconds"),
    "choice": (seeded(42, lambda r: "".join(r.choice(string.ascii_lowercase) for _ in range(30))), "a small number"),
    "getrandbits": (seeded(int(NOW) + 12, lambda r: f"{r.getrandbits(160):040x}"), "getrandbits makes"),
    "milliseconds": (
        [random.Random(int((NOW + n) * 1000) - 250).randbytes(20).hex() for n in range(20)],
        "the time in milliseconds: randbytes",
    ),
    "whole uuid": (seeded(7, lambda r: str(uuid.UUID(int=r.getrandbits(128)))), "a UUID of getrandbits"),
    "uuid": (seeded(7, lambda r: str(uuid.UUID(int=r.getrandbits(128), version=4))), "a UUID of getrandbits"),
    "choices by process": (
        seeded(311, lambda r: "".join(r.choices(LETTERS, k=32)), 7),
        "a process id: choices makes one of the tokens at draw 8",
    ),
    "choice by process": (seeded(312, lambda r: "".join(r.choice(LETTERS) for _ in range(24)), 20), "a process id"),
    "getrandbits by start": (seeded(int(NOW) - 900, lambda r: f"{r.getrandbits(128):032x}", 5), "the time of a start"),
    "randbytes by start": (seeded(int(NOW) - 901, lambda r: r.randbytes(20).hex()), "the time of a start"),
    "uuid by start": (
        seeded(int(NOW) - 902, lambda r: str(uuid.UUID(int=r.getrandbits(128), version=4))),
        "a UUID of getrandbits",
    ),
    "uuid of bytes by process": (
        seeded(313, lambda r: str(uuid.UUID(bytes=r.randbytes(16), version=4)), 3),
        "a UUID of randbytes",
    ),
    "md5 of time": ([hashlib.md5(str(int(NOW) + n).encode()).hexdigest() for n in range(20)], "md5 of the time"),
    "sha1 of user and time": (
        [hashlib.sha1(f"ada{int(NOW) + n}".encode()).hexdigest() for n in range(20)],
        "sha1 of a value that the caller sent and the time",
    ),
    "sha256 of a process id and more": (
        [hashlib.sha256(str(40_000 + n).encode()).hexdigest() for n in range(20)],
        "sha256 of a small number",
    ),
    "ordered": ([f"{1790000000000 + 37_000 * n}{secrets.token_hex(4)}" for n in range(20)], ""),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_weakness_is_found(name: str) -> None:
    """Each way of making tokens badly is found and named."""
    tokens, said = FAULTS[name]
    found = looked(tokens)
    assert found.fault
    assert said in found.fault


@pytest.mark.parametrize(
    "make",
    [
        lambda: secrets.token_urlsafe(32),
        lambda: secrets.token_hex(16),
        lambda: secrets.token_hex(32),
        lambda: str(uuid.uuid4()),
        lambda: "shp_" + "".join(secrets.choice(LETTERS) for _ in range(30)) + "_0a1b2c",
        lambda: str(secrets.randbits(128) | 1 << 127),
    ],
)
def test_what_the_system_draws_gives_nothing_away(make: Callable[[], str]) -> None:
    """In samples of several sizes nothing is found, and what was tried is told."""
    for number in (4, 12, 20, 160):
        found = looked((make() for _ in range(number)), seconds=0.3)
        assert found.fault == ""
        assert len(found.tried) >= 7
        assert not any("random" in word and "not random" in word for word in found.tried)


def test_chance_makes_no_fault() -> None:
    """Of five hundred samples of twelve tokens of 72 bits not one is said to hold too little."""
    for _ in range(500):
        assert bits([secrets.token_hex(18) for _ in range(12)]) >= 64


def test_time_in_front_of_enough_chance_is_no_fault() -> None:
    """Tokens that grow with time and hold 128 bits beside it are left alone."""
    moments = itertools.count(1_790_000_000_000, 37_123_456)
    tokens = [f"{next(moments):013d}{secrets.token_hex(16)}" for _ in range(20)]
    assert looked(tokens, seconds=0.3).fault == ""


def test_searches_are_bounded() -> None:
    """Where the time is too short, that is told with what was tried."""
    tokens = [secrets.token_hex(20) for _ in range(20)]
    started = time.monotonic()
    found = look([Sample(token, NOW) for token in tokens], ("ada",), seconds=0.0)
    assert time.monotonic() - started < 5
    assert "not all of them" in found.tried[-1]
