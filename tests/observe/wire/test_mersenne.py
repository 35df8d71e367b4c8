"""The state of Python's random from what it gave, and what comes next."""

from __future__ import annotations

import random
import secrets
import uuid
from collections.abc import Callable

import pytest

from stopper.observe.wire.mersenne import needed, predicted, tempered, untempered

Maker = Callable[[random.Random], str]

MAKERS: dict[str, tuple[Maker, int]] = {
    "hexadecimal of 128 bits": (lambda r: f"{r.getrandbits(128):032x}", 128),
    "hexadecimal of 256 bits": (lambda r: f"{r.getrandbits(256):064x}", 256),
    "bytes": (lambda r: r.randbytes(16).hex(), 128),
    "decimal": (lambda r: str(r.getrandbits(64)), 64),
    "UUID of an integer": (lambda r: str(uuid.UUID(int=r.getrandbits(128), version=4)), 32),
    "UUID of bytes": (lambda r: str(uuid.UUID(bytes=r.randbytes(16), version=4)), 32),
    "UUID of an integer as it is": (lambda r: str(uuid.UUID(int=r.getrandbits(128))), 128),
    "UUID of bytes as they are": (lambda r: str(uuid.UUID(bytes=r.randbytes(16))), 128),
}


def test_tempering_is_undone() -> None:
    """What tempering made of a word gives the word again."""
    for _ in range(1000):
        word = secrets.randbits(32)
        assert untempered(tempered(word)) == word


@pytest.mark.parametrize("name", MAKERS)
def test_the_next_tokens_are_foretold(name: str) -> None:
    """Two tokens beyond those that are needed are computed from the earlier ones, and their bits are told."""
    make, bits = MAKERS[name]
    generator = random.Random(secrets.randbits(64))
    enough = needed(make(generator)) + 1  # a UUID's second word after the first whole one is not known
    found = predicted([make(generator) for _ in range(enough)])
    assert found is not None
    assert found.tokens >= 2
    assert found.bits == bits


@pytest.mark.parametrize("name", MAKERS)
def test_one_call_between_is_noticed(name: str) -> None:
    """Where somebody else draws from the generator in the middle, nothing is said to be foretold."""
    make, _ = MAKERS[name]
    generator = random.Random(5)
    tokens = [make(generator) for _ in range(needed(make(generator)) - 3)]
    generator.random()
    tokens += [make(generator) for _ in range(6)]
    assert predicted(tokens) is None


@pytest.mark.parametrize(
    "make", [lambda: secrets.token_hex(16), lambda: str(uuid.uuid4()), lambda: str(secrets.randbits(64))]
)
def test_what_the_system_draws_is_not_foretold(make: Callable[[], str]) -> None:
    """Tokens of the system's generator follow from nothing."""
    assert predicted([make() for _ in range(400)]) is None


def test_too_few_tokens_say_nothing() -> None:
    """One token fewer than are needed foretells nothing, and other tokens never do."""
    generator = random.Random(5)
    tokens = [f"{generator.getrandbits(128):032x}" for _ in range(157)]
    assert needed(tokens[0]) == 158
    assert predicted(tokens) is None
    assert needed("shp_abcdefgh") == 0
    assert predicted(["shp_abcdefgh"] * 700) is None
