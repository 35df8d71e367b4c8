"""Python's `random.random()` from the numbers that it gave, and with it what comes next.

Each number shows the upper 27 bits of one output of MT19937 and the upper 26 of the next. The generator is linear over
GF(2): the bits that are not shown are unknowns, and every bit of a later output that is shown is an equation. Where the
equations decide a bit before it is looked at, it is foretold: most of them once the whole state has gone by, and all
after as much again.

A bit is kept as an integer: bit 0 is its constant part, each other bit stands for one unknown; adding is `^`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from stopper.observe.wire.mersenne import MIDDLE, WORDS, Prediction

_MATRIX = 0x9908B0DF
_SHOWN = (27, 26)
"""Upper bits that a number shows of the two outputs that it is made of."""

_PRECISION = 53
_FRACTION = re.compile(r"0?\.[0-9]{1,22}|[0-9](?:\.[0-9]{1,20})?e-[01][0-9]|[0-9]{10,21}")

_Word = tuple[int, ...]
"""The 32 bits of a word, lowest first."""


def needed(token: str) -> int:
    """Return how many tokens of this kind it takes to foretell the two that follow, 0 where none would be enough."""
    return WORDS // 2 + 2 if _number(token) is not None else 0


def predicted(tokens: Sequence[str]) -> Prediction | None:
    """Return how many of the last tokens follow from those before them; None where none does, or too few are known."""
    numbers = [_number(token) for token in tokens]
    if len(tokens) < needed(tokens[0]) or None in numbers:
        return None
    shown = [half for number in numbers if number is not None for half in (number >> 26, number & (1 << 26) - 1)]
    state = [_untempered(_unfolded(value, place)) for place, value in enumerate(shown[:WORDS])]
    rows: dict[int, int] = {}
    foretold: list[int] = []
    for place in range(WORDS, len(shown)):
        state.append(_following(state[place - WORDS], state[place - WORDS + 1], state[place - WORDS + MIDDLE]))
        decided = _agrees(_tempered(state[place]), shown[place], _SHOWN[place % 2], rows)
        if decided is None:
            return None
        foretold.append(decided)
    return Prediction("random.random", len(foretold) // 2, 2 * sum(foretold) // len(foretold))


def _number(token: str) -> int | None:
    """Return the 53 bits of a number below 1, written as Python does or by its digits alone; None where it is none."""
    if not _FRACTION.fullmatch(token):
        return None
    scaled = float(f"0.{token}" if token.isdigit() else token) * (1 << _PRECISION)
    return int(scaled) if scaled < 1 << _PRECISION else None


def _agrees(output: _Word, value: int, count: int, rows: dict[int, int]) -> int | None:
    """Return how many of an output's upper bits were decided before it was shown; None where one came otherwise.

    What the others tell of the unknowns is added to `rows`, which are kept by their highest unknown.
    """
    decided = count
    for place in range(count):
        rest = output[32 - count + place] ^ (value >> place & 1)
        while rest > 1:
            row = rows.get(rest.bit_length())
            if row is None:
                rows[rest.bit_length()] = rest
                decided, rest = decided - 1, 0
            else:
                rest ^= row
        if rest:
            return None
    return decided


def _unfolded(value: int, place: int) -> _Word:
    """Return an output of which the upper bits are known; each lower one is an unknown of its own."""
    count = _SHOWN[place % 2]
    first = 1 + place // 2 * (64 - _PRECISION) + (place % 2) * (32 - _SHOWN[0])
    unknown = tuple(1 << first + each for each in range(32 - count))
    return (*unknown, *(value >> each & 1 for each in range(count)))


# --------------------------------------------------------------------------- the generator, bit by bit


def _following(first: _Word, second: _Word, middle: _Word) -> _Word:
    """Return the word of the state that follows from three earlier ones."""
    mixed = (*second[:31], first[31])
    turned = tuple(second[0] if _MATRIX >> place & 1 else 0 for place in range(32))
    return _sum(_sum(middle, _right(mixed, 1)), turned)


def _tempered(word: _Word) -> _Word:
    word = _sum(word, _right(word, 11))
    word = _sum(word, _left(word, 7, 0x9D2C5680))
    word = _sum(word, _left(word, 15, 0xEFC60000))
    return _sum(word, _right(word, 18))


def _untempered(output: _Word) -> _Word:
    word = _sum(output, _right(output, 18))
    word = _sum(word, _left(word, 15, 0xEFC60000))
    seven = word
    for _ in range(4):
        seven = _sum(word, _left(seven, 7, 0x9D2C5680))
    eleven = seven
    for _ in range(2):
        eleven = _sum(seven, _right(eleven, 11))
    return eleven


def _sum(first: _Word, second: _Word) -> _Word:
    return tuple(one ^ other for one, other in zip(first, second, strict=True))


def _right(word: _Word, by: int) -> _Word:
    return (*word[by:], *(0,) * by)


def _left(word: _Word, by: int, mask: int) -> _Word:
    return tuple(bit if mask >> place & 1 else 0 for place, bit in enumerate((*(0,) * by, *word[:-by])))
