"""The picture of a sample's positions: bars in rows, as numbers that the template writes into an SVG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stopper.model import Positions

PER_ROW = 64
HEIGHT = 48
STEP = 12
BAR = 9
LEFT = 44
ABOVE = 10
BELOW = 16
WIDTH = LEFT + PER_ROW * STEP


@dataclass(frozen=True, slots=True)
class Bar:
    """A position: where its bar stands and how high it is, and what it is: even, leaning or fixed."""

    position: int
    left: int
    top: int
    height: int
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    """Some positions beside one another: the first one's number, the line they stand on, and the line of chance."""

    first: int
    ground: int
    limit: int
    right: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """All rows, in a drawing of `width` by `height`."""

    width: int
    height: int
    rows: tuple[Row, ...]


def drawn(positions: Positions) -> Picture:
    """Return the bars: as high as the commonest value's share stands above an even one, full where it never changes."""
    rows = tuple(_rows(positions))
    return Picture(WIDTH, len(rows) * (ABOVE + HEIGHT + BELOW), rows)


def _rows(positions: Positions) -> Iterator[Row]:
    shares = positions.shares
    for number, start in enumerate(range(0, len(shares), PER_ROW)):
        ground = number * (ABOVE + HEIGHT + BELOW) + ABOVE + HEIGHT
        bars = tuple(
            _bar(positions, share, start + place + 1, LEFT + place * STEP, ground)
            for place, share in enumerate(shares[start : start + PER_ROW])
        )
        limit = ground - _height(positions, positions.limit)
        yield Row(start + 1, ground, limit, LEFT + len(bars) * STEP, bars)


def _bar(positions: Positions, share: float, position: int, left: int, ground: int) -> Bar:
    kind = "fixed" if share >= 1 else "leaning" if share > positions.limit else "even"
    height = _height(positions, share)
    return Bar(position, left, ground - height, height, kind)


def _height(positions: Positions, share: float) -> int:
    above = (share - positions.even) / (1 - positions.even) if positions.even < 1 else 0.0
    return max(1, min(HEIGHT, round(above * HEIGHT)))
