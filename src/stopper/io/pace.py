"""How fast requests follow each other."""

from __future__ import annotations

import asyncio
import email.utils
import time

from stopper.io.policy import Target
from stopper.observe.views import Response


class Pace:
    """Spaces requests evenly and lets a server ask for a pause.

    `rate` is in requests a second and holds off loopback; a server gets at most `longest_wait` seconds at a time and
    `patience` seconds in all.
    """

    def __init__(self, rate: float, longest_wait: float, patience: float) -> None:
        """Take the limits; nothing was sent yet."""
        self._rate = rate
        self._longest_wait = longest_wait
        self._patience = patience
        self._next = 0.0

    async def wait(self, target: Target) -> None:
        """Sleep until the next request may go."""
        now = time.monotonic()
        start = max(now, self._next)
        self._next = start if target.loopback else start + 1 / self._rate
        if start > now:
            await asyncio.sleep(start - now)

    def heed(self, response: Response) -> None:
        """Put the next request off where the answer asks for it (RFC 9110, 10.2.3)."""
        if response.status not in (429, 503):
            return
        pause = min(_retry_after(response.header("Retry-After") or ""), self._longest_wait, self._patience)
        self._patience -= pause
        self._next = max(self._next, time.monotonic() + pause)


def _retry_after(value: str) -> float:
    """Return the seconds that a Retry-After value asks for, 0 where it makes no sense."""
    if value.strip().isascii() and value.strip().isdecimal():
        return float(value.strip()[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0
