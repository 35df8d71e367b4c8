"""One row a credential, however often it was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from stopper.secret import guessable
from stopper.sweep.sighting import Judge, Life, Sighting, Spot, judged_by_itself

__all__ = ["Row", "Tally"]

SPOTS = 3
"""Places that are told of each credential: the first ones."""

ROWS = 100_000
"""Credentials that have a row of their own; what comes on top is counted together, so that memory stays flat."""


@dataclass
class Row:
    """A credential: its form and fingerprint, whether it lives, how often and where it was seen first."""

    form: str
    fingerprint: str
    life: Life
    count: int = 0
    spots: list[Spot] = field(default_factory=list)


class Tally:
    """The rows of a sweep, in the order in which they were seen first."""

    def __init__(self, judge: Judge = judged_by_itself) -> None:
        """Take what tells whether a credential lives; it is asked once about each."""
        self._judge = judge
        self._rows: dict[tuple[str, str, str], Row] = {}
        self.further = 0

    @property
    def rows(self) -> list[Row]:
        """Return the rows."""
        return list(self._rows.values())

    def take(self, sighting: Sighting) -> None:
        """Count a sighting. Passwords, which have no fingerprint, share a row a source."""
        source = sighting.spot.source if guessable(sighting.form) else ""
        key = sighting.form, sighting.fingerprint, source
        row = self._rows.get(key)
        if row is None:
            life = self._judge(sighting.form, sighting.token)
            if len(self._rows) >= ROWS:
                self.further += 1
                return
            row = self._rows[key] = Row(sighting.form, sighting.fingerprint, life)
        row.count += 1
        if len(row.spots) < SPOTS:
            row.spots.append(sighting.spot)

    def written(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        rows = [{**asdict(row), "life": row.life.value} for row in self._rows.values()]
        return {"rows": rows, "further": self.further}

    def read(self, written: dict[str, Any]) -> None:
        """Begin with what `written` returned. Raises KeyError, TypeError and ValueError for anything else."""
        self.further = int(written["further"])
        self._put(
            Row(
                str(row["form"]),
                str(row["fingerprint"]),
                Life(row["life"]),
                int(row["count"]),
                [Spot(**spot) for spot in row["spots"]],
            )
            for row in written["rows"]
        )

    def _put(self, rows: Iterable[Row]) -> None:
        for row in rows:
            source = row.spots[0].source if guessable(row.form) else ""
            self._rows[row.form, row.fingerprint, source] = row
