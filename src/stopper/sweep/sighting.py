"""What a sweep finds: a credential at a place."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stopper.secret import GUESSABLE, Secret, guessable

__all__ = ["Judge", "Life", "Sighting", "Skipped", "Spot", "Step", "SweepError", "judged_by_itself"]


class SweepError(ValueError):
    """What was asked for cannot be used; its text holds nothing of what was read."""


class Life(enum.Enum):
    """What is known of whether a credential still works."""

    UNKNOWN = "not known"
    ALIVE = "alive"
    """The store knows it, and it has neither expired nor been revoked."""
    MAY_BE_ALIVE = "may be alive"
    """It says of itself that it has not expired."""
    EXPIRED = "expired"
    REVOKED = "revoked before"
    REVOKED_NOW = "revoked by this sweep"
    FOREIGN = "not of this store"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a credential stands. `item` is what lies within the source: a member, `commit:path`, `table.column [key]`.

    `line` counts from 1, 0 where there are no lines; `offset` is in bytes, of the unpacked text where it was packed;
    `time` is that of the line, as it is written there.
    """

    source: str
    item: str = ""
    line: int = 0
    offset: int = 0
    time: str = ""

    def __str__(self) -> str:
        """Return `access.log:12 (byte 3456)` or `repository commit:path:12 (byte 345)`."""
        where = f"{self.source} {self.item}" if self.item else self.source
        return f"{where}:{self.line} (byte {self.offset})" if self.line else where


@dataclass(frozen=True, slots=True)
class Sighting:
    """One credential at one place, with the form by which it was recognised."""

    form: str
    token: Secret
    spot: Spot

    @property
    def fingerprint(self) -> str:
        """Return what stands for the credential: 12 hexadecimal digits, or stars for what can be guessed."""
        return GUESSABLE[10:-1] if guessable(self.form) else self.token.fingerprint


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not looked at, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch that was gone over. `reached` is what a later sweep needs to go on behind it; None: it cannot here."""

    found: tuple[Sighting | Skipped, ...]
    reached: dict[str, Any] | None = None
    bytes: int = 0


Judge = Callable[[str, Secret], Life]
"""Tells, and may end, the life of a credential of a form."""


def judged_by_itself(form: str, token: Secret) -> Life:
    """Say what a credential says of itself: the expiry of a JWT."""
    from stopper.sweep.credentials import expiry_passed

    passed = expiry_passed(token.reveal()) if form == "JWT" else None
    return Life.UNKNOWN if passed is None else Life.EXPIRED if passed else Life.MAY_BE_ALIVE
