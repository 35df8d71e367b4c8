"""How evenly a sample of tokens fills its positions: how often the commonest value of each came, never which it is."""

from __future__ import annotations

import itertools
import math
import re
import string
from collections import Counter
from collections.abc import Sequence

from stopper.model import Evidence, Positions

LONGEST = 1_024
"""Positions that are measured; what follows is counted only."""

_CHANCE = 0.01
"""How likely it may be that any position of an even sample is taken for one that leans."""

_BASES = (
    (string.digits + "abcdef", 4),
    (string.digits + "ABCDEF", 4),
    (string.ascii_uppercase + "234567", 5),
    (string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_", 6),
    (string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/", 6),
)
"""Alphabets of which each character stands for so many bits (RFC 4648 sections 4 to 8)."""

_PREFIX = re.compile(r".*[-_.:]")
_USED = 0.9
"""Share of an alphabet that a sample uses where it is that alphabet: base 62 counts as base 64, 36 letters do not."""

_RANGES = 12


def measured(tokens: Sequence[str]) -> Evidence:
    """Return what the positions of the tokens show, in words and as a picture's numbers; no value of any is in it.

    Tokens of different lengths are looked at up to the shortest; a prefix that all have, and dashes, are left out.
    """
    columns = _columns(tokens)
    bits = _bits(columns)
    unit, values = ("bit", bits) if bits else ("character", columns)
    kinds = 2 if bits else max(2, len(set().union(*columns)))
    number = len(tokens)
    shares = tuple(Counter(column).most_common(1)[0][1] / number for column in values[:LONGEST])
    shown = Positions(unit, number, shares, 1 / kinds, _limit(number, kinds, len(shares)))
    return Evidence(f"the {unit} positions of {number} tokens", _words(shown, len(values)), positions=shown)


def _limit(number: int, kinds: int, positions: int) -> float:
    """Return the share that the commonest of so many values hardly exceeds anywhere, where all are as likely."""
    tail, even = 0.0, 1 / kinds
    for times in range(number, 0, -1):
        ways = math.lgamma(number + 1) - math.lgamma(times + 1) - math.lgamma(number - times + 1)
        tail += math.exp(ways + times * math.log(even) + (number - times) * math.log1p(-even))
        if tail * kinds * positions > _CHANCE:
            return times / number
    return even


def _columns(tokens: Sequence[str]) -> list[Sequence[str]]:
    columns: list[Sequence[str]] = list(zip(*tokens, strict=False))
    constant = "".join(column[0] for column in itertools.takewhile(lambda each: len(set(each)) == 1, columns))
    head = _PREFIX.match(constant)
    return [column for column in columns[head.end() if head else 0 :] if set(column) != {"-"}]


def _bits(columns: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return the positions as bits, where the characters are those of an alphabet that stands for bits; else none."""
    seen = set().union(*columns)
    for alphabet, width in _BASES:
        # Hexadecimal digits are nothing else, however few of them a counter uses.
        if seen <= set(alphabet) and (width == 4 or len(seen) >= _USED * len(alphabet)):
            written = {letter: f"{value:0{width}b}" for value, letter in enumerate(alphabet)}
            return [bit for column in columns for bit in zip(*(written[letter] for letter in column), strict=True)]
    return []


def _words(shown: Positions, number: int) -> str:
    fixed = [at for at, share in enumerate(shown.shares, 1) if share == 1]
    leaning = [at for at, share in enumerate(shown.shares, 1) if shown.limit < share < 1]
    chance = len(shown.shares) * shown.even ** (shown.tokens - 1)
    said = [
        f"{len(shown.shares)} {shown.unit} positions of {shown.tokens} tokens",
        f"never change: {_ranges(fixed)}; by chance {chance:.2g} would not",
        f"lean further than chance explains: {_ranges(leaning)}",
    ]
    if number > len(shown.shares):
        said.append(f"not measured: {number - len(shown.shares)} more")
    return "\n".join(said)


def _ranges(positions: Sequence[int]) -> str:
    """Return `3 (1-2, 7)`: how many, and which, those that follow one another as one."""
    ranges: list[list[int]] = []
    for position in positions:
        if ranges and ranges[-1][-1] == position - 1:
            ranges[-1] = [ranges[-1][0], position]
        else:
            ranges.append([position])
    if not ranges:
        return "none"
    more = f", and {len(ranges) - _RANGES} more stretches" if len(ranges) > _RANGES else ""
    return f"{len(positions)} ({', '.join('-'.join(map(str, each)) for each in ranges[:_RANGES])}{more})"
