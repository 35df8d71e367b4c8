"""What the picture of a sample's positions is drawn of."""

from __future__ import annotations

import itertools
import random
import string

import pytest

from stopper.model import Positions
from stopper.observe.wire.positions import LONGEST, measured

RANDOM = random.Random(6)


def _measured(tokens: list[str]) -> Positions:
    shown = measured(tokens).positions
    assert shown
    return shown


def _kinds(shown: Positions) -> tuple[int, int]:
    """Return how many positions never change, and how many lean."""
    fixed = sum(share == 1 for share in shown.shares)
    return fixed, sum(shown.limit < share < 1 for share in shown.shares)


@pytest.mark.parametrize(
    ("make", "unit", "length"),
    [
        (lambda: f"shop_{RANDOM.getrandbits(128):032x}", "bit", 128),
        (lambda: "".join(RANDOM.choices(string.ascii_letters + string.digits + "-_", k=40)), "bit", 240),
        (lambda: "".join(RANDOM.choices(string.ascii_letters + string.digits, k=40)), "bit", 240),
        (lambda: "".join(RANDOM.choices(string.ascii_lowercase + string.digits, k=30)), "character", 30),
    ],
    ids=["hexadecimal behind a prefix", "base64url", "base62", "36 letters"],
)
def test_even_tokens_look_even(make: object, unit: str, length: int) -> None:
    """Nothing of an even sample is taken for fixed or leaning, whichever letters it is written in."""
    assert callable(make)
    shown = _measured([make() for _ in range(40)])
    assert (shown.unit, len(shown.shares), shown.tokens) == (unit, length, 40)
    assert _kinds(shown) == (0, 0)


def test_fixed_and_leaning_positions() -> None:
    """A version that stands still and a bit that is nearly always one are seen where they stand."""
    tokens = [
        f"{RANDOM.getrandbits(32):08x}4{8 if number else 0:x}{RANDOM.getrandbits(32):08x}" for number in range(30)
    ]
    evidence = measured(tokens)
    assert evidence.positions and _kinds(evidence.positions) == (7, 1)
    assert "never change: 7 (33-36, 38-40)" in evidence.detail
    assert "lean further than chance explains: 1 (37)" in evidence.detail


def test_no_value_is_kept() -> None:
    """Tokens with every bit turned over give the same evidence: which value is the commoner one cannot be told."""
    tokens = [f"{RANDOM.getrandbits(60):016x}" for _ in range(20)]
    turned = [f"{int(token, 16) ^ (2**64 - 1):016x}" for token in tokens]
    assert measured(tokens) == measured(turned)
    text = repr(measured(tokens))
    assert not any(token[at : at + 6] in text for token, at in itertools.product(tokens, range(10)))


def test_few_tokens_show_little() -> None:
    """Of a dozen tokens only what never changes is told, with how many positions would do so by chance."""
    shown = measured([f"{RANDOM.getrandbits(128):032x}" for _ in range(12)])
    assert shown.positions and shown.positions.limit == 1
    assert "by chance 0.062 would not" in shown.detail


def test_long_and_uneven_tokens() -> None:
    """Only what all tokens have is measured, and what lies beyond the limit is counted."""
    tokens = [f"{RANDOM.getrandbits(8000):02000x}" + "0" * number for number in range(20)]
    evidence = measured(tokens)
    assert evidence.positions and len(evidence.positions.shares) == LONGEST
    assert f"not measured: {8000 - LONGEST} more" in evidence.detail
