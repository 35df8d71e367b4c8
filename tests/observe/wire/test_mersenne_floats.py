"""Numbers of `random.random()`: the state behind them, and what comes next."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable

import pytest

from stopper.observe.wire.mersenne_floats import needed, predicted
from stopper.observe.wire.sample import Sample, look


@pytest.mark.parametrize("written", [str, lambda number: str(number).removeprefix("0.")])
def test_the_next_numbers_are_foretold(written: Callable[[float], str]) -> None:
    """As many tokens as are needed foretell two more, and most of their 53 bits."""
    generator = random.Random(2026)
    generator.random()
    tokens = [written(generator.random()) for _ in range(330)]
    found = predicted(tokens[: needed(tokens[0])])
    assert found is not None
    assert (found.name, found.tokens) == ("random.random", 2)
    assert 32 <= found.bits < 53


def test_a_number_of_another_generator_is_noticed() -> None:
    """One number that the system drew, among those of the generator, is enough for nothing to be foretold."""
    generator = random.Random(5)
    tokens = [str(generator.random()) for _ in range(320)]
    assert predicted(tokens) is not None
    assert predicted([*tokens[:-1], str(random.SystemRandom().random())]) is None


def test_what_the_system_draws_is_not_foretold() -> None:
    """Numbers of the system's generator follow from nothing, and other tokens are not read at all."""
    assert predicted([str(random.SystemRandom().random()) for _ in range(320)]) is None
    assert needed(secrets.token_hex(16)) == 0
    assert predicted(["0.5"] * 320) is None


def test_the_sample_tells_what_was_foretold() -> None:
    """The logins' tokens are said to come from `random.random`, with what was computed."""
    generator = random.Random(secrets.randbits(64))
    found = look([Sample(str(generator.random()), 1_790_000_000.0 + number) for number in range(320)], ())
    assert "random.random" in found.fault
    assert "were computed" in found.fault
