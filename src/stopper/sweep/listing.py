"""A sweep's outcome as a person reads it, without any token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from stopper.sweep.sighting import Life, Skipped, Spot
from stopper.sweep.tally import Row

__all__ = ["lines", "place_of", "told"]

_FIRST = (Life.ALIVE, Life.REVOKED_NOW, Life.MAY_BE_ALIVE, Life.UNKNOWN, Life.FOREIGN, Life.REVOKED, Life.EXPIRED)
_SKIPS = 50


def told(rows: Iterable[Row]) -> list[Row]:
    """Return the rows in the order in which they matter: what lives first, then what was seen most."""
    return sorted(rows, key=lambda row: (_FIRST.index(row.life), -row.count))


def place_of(spot: Spot) -> str:
    """Return a place and, where its line has one, the time."""
    return f"{spot}, {spot.time}" if spot.time else str(spot)


def lines(rows: Sequence[Row], skipped: Sequence[Skipped], sources: int, size: int, further: int = 0) -> Iterator[str]:
    """Yield what was found, where, and what was not looked at."""
    for row in told(rows):
        times = "once" if row.count == 1 else f"{row.count:,} times"
        yield f"{row.form} [redacted {row.fingerprint}], {times}, {row.life.value}"
        yield from (f"    {place_of(spot)}" for spot in row.spots)
        if row.count > len(row.spots):
            yield f"    and {row.count - len(row.spots):,} more"
    if further:
        yield f"{further:,} further sightings of credentials beyond the first {len(rows):,} are not listed"
    yield f"{len(rows):,} credentials in {sources:,} sources, {size / 1e6:,.1f} MB looked at"
    if skipped:
        yield f"NOT looked at: {len(skipped):,}"
        yield from (f"    {skip.what}: {skip.why}" for skip in skipped[:_SKIPS])
        if len(skipped) > _SKIPS:
            yield f"    and {len(skipped) - _SKIPS:,} more"
