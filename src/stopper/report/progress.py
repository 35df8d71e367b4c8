"""What a scan tells while it works: the plan before the first request, and a line that moves on a terminal.

It is fed with the engine's events and knows them by what they carry, so that it needs nothing of the engine. Only
numbers are shown: no name and no body can reach the terminal from here.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sized
from typing import TextIO

from rich.console import Console
from rich.status import Status
from rich.text import Text

from stopper.model import Failure, Observation, Skip, Witness


def announcement(operations: int, budget: int, per_second: float, spent: int = 0, renewing: int = 0) -> str:
    """Return the line that says before the first request how much will be sent, and how fast.

    On top come `spent` requests of the throw-away identity, and up to `renewing` that renew a token which ends.
    """
    more = f" and {spent} of the throw-away identity" if spent else ""
    more += f" and {renewing} to renew a token that ends" if renewing else ""
    return (
        f"{operations} operations will be asked: at most {budget} requests{more}, {per_second:g} a second off loopback"
    )


class Progress:
    """Counts what happens; a context manager, inside of which the line is shown.

    Without a terminal there is no line: the plan alone is written, because nobody may be surprised by requests.
    """

    def __init__(self, stream: TextIO, status: Status | None = None) -> None:
        """Write to `stream`; `status` is the moving line, where there is one."""
        self._stream = stream
        self._status = status
        self._counts: Counter[str] = Counter()
        self._broken: set[str] = set()
        self._planned = 0

    @classmethod
    def on(cls, stream: TextIO) -> Progress:
        """Return the progress for a stream: with a moving line on a terminal, else without."""
        if not stream.isatty():
            return cls(stream)
        return cls(stream, Console(file=stream, markup=False, highlight=False).status(Text("reading")))

    def __enter__(self) -> Progress:
        """Show the line."""
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the line away."""
        if self._status:
            self._status.stop()

    def take(self, event: object) -> None:
        """Count one event of the engine and show the new numbers; an unknown event changes nothing."""
        match event:
            case object(
                plan=object(
                    steps=Sized() as steps,
                    budget=int(budget),
                    per_second=float(per_second),
                    spent=int(spent),
                    renewing=int(renewing),
                )
            ):
                self._planned = budget + spent + renewing
                self._announce(announcement(len(steps), budget, per_second, spent, renewing))
            case object(witness=Witness(), count=int(count)):
                self._counts["sent"] = max(self._counts["sent"], count)
            case object(observation=Observation() as observation):
                self._counts["answers"] += 1
                if not observation.verdict.kept:
                    self._broken.add(observation.control)
            case object(tried=int(tried)):
                self._counts["tried"] = tried
            case object(failure=Failure()):
                self._counts["crashed"] += 1
            case object(skip=Skip()):
                self._counts["skipped"] += 1
        if self._status:
            self._status.update(Text(self.line()))

    def line(self) -> str:
        """Return the numbers so far."""
        counts = self._counts
        parts = [
            f"{counts['sent']} of at most {self._planned} requests" if self._planned else f"{counts['sent']} requests",
            f"{counts['answers']} answers",
            f"{len(self._broken)} controls broken",
            f"{counts['skipped']} not looked at",
        ]
        if counts["tried"]:
            parts.append(f"{counts['tried']:,} keys tried")
        if counts["crashed"]:
            parts.append(f"{counts['crashed']} checks crashed")
        return " · ".join(parts)

    def _announce(self, text: str) -> None:
        if self._status:
            self._status.console.print(Text(text))
            return
        # A closed or full standard error must not end the scan.
        with contextlib.suppress(OSError):
            self._stream.write(text + "\n")
            self._stream.flush()
