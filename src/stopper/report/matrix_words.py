"""The auth matrix in words: its columns, a cell's statement, and the rows counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from stopper.model import Agreement, Door, MatrixRow, Saying, Witness

COLUMNS = ((Witness.SPEC, "spec"), (Witness.SOURCE, "code"), (Witness.APP, "app"), (Witness.WIRE, "wire"))
"""The witnesses from what is promised to what happens, with what their columns are called."""

UNSAID = frozenset({Door.UNCLEAR, Door.ABSENT, Door.NOT_ASKED})
"""Doors that are no statement."""


def doors(said: Saying | None) -> str:
    """Return a cell's statement: the ways in, with their scopes."""
    if said is None:
        return Door.NOT_ASKED.value
    named = " or ".join(door.value for door in said.doors)
    return f"{named} [{' '.join(said.scopes)}]" if said.scopes else named


def worst_first(rows: Iterable[MatrixRow]) -> list[MatrixRow]:
    """Return the rows with drift first, and as they come where that is equal."""
    order = list(Agreement)
    return sorted(rows, key=lambda row: order.index(row.agreement))


def counted(rows: Sequence[MatrixRow]) -> str:
    """Return `12 endpoints: 2 drift, 1 one witness, 9 agreed`."""
    numbers = Counter(row.agreement for row in rows)
    parts = ", ".join(f"{numbers[each]} {each.value}" for each in Agreement if numbers[each])
    return f"{len(rows)} {'endpoint' if len(rows) == 1 else 'endpoints'}{f': {parts}' if parts else ''}"
