"""One structured event for everything that happens to tokens: in the log `stopper.audit` and as a blinker signal.

An event says who, what, when, from where and why; never the token. It is one line of JSON, so that nothing in it can
make a line of its own (ASVS 16.4.1).
"""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from blinker import Namespace

logger = logging.getLogger("stopper.audit")

happened = Namespace().signal("stopper-audit")
"""Sent with the Event as sender, for every event."""

REFUSALS_A_SECOND = 10
"""How many refused credentials a second are logged; the next line says how many were left out."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: `issued`, `renewed`, `refused`, `revoked`, `rotated` or `retired`.

    Fields that do not apply are empty. `token` is the token's id, or the fingerprint of a credential that was refused;
    `peer` is the address of the connection.
    """

    name: str
    subject: str = ""
    client: str = ""
    token: str = ""
    peer: str = ""
    reason: str = ""


class _Pace:
    """Lets a number through each second and counts the rest."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._second = 0
        self._passed = 0
        self._left_out = 0

    def admit(self) -> int | None:
        """Return how many were left out before this one, or None where this one is left out."""
        with self._lock:
            second = int(time.monotonic())
            if second != self._second:
                self._second, self._passed = second, 0
            if self._passed >= self._limit:
                self._left_out += 1
                return None
            self._passed += 1
            left_out, self._left_out = self._left_out, 0
            return left_out


_pace = _Pace(REFUSALS_A_SECOND)


def emit(event: Event) -> None:
    """Send an event and log it; of refusals, no more than a few a second are logged."""
    happened.send(event)
    fields = {name: value for name, value in asdict(event).items() if value}
    if event.name == "refused":
        left_out = _pace.admit()
        if left_out is None:
            return
        if left_out:
            fields["left_out"] = left_out
    fields["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    logger.info(json.dumps(fields), extra={"stopper": fields})
