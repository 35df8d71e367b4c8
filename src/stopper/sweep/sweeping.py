"""One sweep over sources, which can stop at any moment and go on where it was."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from stopper.sweep import state
from stopper.sweep.sighting import Skipped, Step
from stopper.sweep.tally import Tally

__all__ = ["Source", "Sweep"]

SAVED_EVERY = 5.0  # seconds


class Source(Protocol):
    """What is gone over in one go: a file, a table, a repository."""

    @property
    def identity(self) -> str:
        """Return what it is known by in a later sweep, wherever it was moved to."""

    def steps(self, reached: dict[str, Any]) -> Iterable[Step]:
        """Yield what stands in it, from where an earlier sweep came to, which is empty for the first."""


class Sweep:
    """Goes over sources and keeps what it finds in a tally. `skipped` is what was not looked at."""

    def __init__(self, tally: Tally, resume: Path | None = None) -> None:
        """Take the tally, and the file that keeps how far it came. Raises StateError."""
        self.tally = tally
        self.skipped: list[Skipped] = []
        self.bytes = 0
        self.sources = 0
        self._file = resume
        self._reached: dict[str, dict[str, Any]] = {}
        self._saved_at = time.monotonic()
        if resume is not None:
            self._go_on(resume)

    def _go_on(self, resume: Path) -> None:
        kept = state.kept(resume)
        if kept is None:
            return
        try:
            self.tally.read(kept["tally"])
            self._reached = {str(key): dict(value) for key, value in kept["reached"].items()}
        except (IndexError, KeyError, TypeError, ValueError):
            raise state.StateError(f"{resume}: not the state of a sweep") from None

    def over(self, sources: Iterable[Source | Skipped]) -> None:
        """Go over all sources. Raises StateError where the state cannot be kept."""
        for source in sources:
            if isinstance(source, Skipped):
                self.skipped.append(source)
            else:
                self._over(source)
        self._save()

    def _over(self, source: Source) -> None:
        self.sources += 1
        for step in source.steps(self._reached.get(source.identity, {})):
            for found in step.found:
                if isinstance(found, Skipped):
                    self.skipped.append(found)
                else:
                    self.tally.take(found)
            self.bytes += step.bytes
            if step.reached is not None:
                self._reached[source.identity] = dict(step.reached)
                if time.monotonic() - self._saved_at > SAVED_EVERY:
                    self._save()

    def _save(self) -> None:
        if self._file is not None:
            state.keep(self._file, {"reached": self._reached, "tally": self.tally.written()})
        self._saved_at = time.monotonic()
