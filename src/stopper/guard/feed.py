"""The revocation feed: every process learns of every revocation within the lag, at no cost to each request.

Rows above the last number seen are read at most once per lag, when a request comes. A fresh process reads all that
still end something. Above a bound it keeps none and asks the store about each token at first sight instead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from stopper.guard.store import Kind, Revocation, Store, StoreError
from stopper.guard.token import Token


class Feed:
    """What one process knows of revocations. Times in seconds: `lag` between readings, `grace` without a store."""

    def __init__(self, store: Store, lag: float, bound: int, grace: float, forget: Callable[[], None]) -> None:
        """Take the store, the configuration, and what makes the process forget the tokens that it has verified."""
        self._store = store
        self.lag = lag
        self._bound = bound
        self._grace = grace
        self._forget = forget
        self._lock = threading.Lock()
        self._number: int | None = None
        self.read_at = self._try_again_at = -float("inf")
        self._asks_at_first_sight = False
        self._ended: dict[Kind, dict[str, Revocation]] = {kind: {} for kind in Kind}
        self.changes = 0
        """How often more revocations have been read."""
        self.forgotten = 0
        """How often all that was known has been forgotten."""

    def refresh(self) -> None:
        """Read on if the last reading is older than the lag; raise StoreError where that fails beyond the grace."""
        if time.monotonic() - self.read_at < self.lag:
            return
        with self._lock:
            began = time.monotonic()
            if began - self.read_at < self.lag:
                return  # another thread has read while this one waited
            try:
                self._read_unless_away(began)
            except StoreError:
                if began - self.read_at > self.lag + self._grace:
                    raise
            else:
                self.read_at = began

    def look_again(self) -> None:
        """Have the next request read on, as this process has revoked something itself."""
        self.read_at = min(self.read_at, time.monotonic() - self.lag)

    def _read_unless_away(self, began: float) -> None:
        """Read, but not again so soon after a failure: a store that does not answer must not hold up every request.

        What failed at once may be tried again at once; what took seconds to fail is left alone for as many seconds.
        """
        if began < self._try_again_at:
            raise StoreError("the token store failed a moment ago")
        try:
            self._read(time.time())
        except StoreError:
            ended = time.monotonic()
            self._try_again_at = ended + (ended - began)
            raise

    def _read(self, now: float) -> None:
        if self._number is None or self._store.newest_revocation() < self._number:
            self._start(now)  # for the first time, or in a store that was put back to an earlier state
        while entries := self._store.revocations(self._number or 0, now, 1000):
            for entry in entries:
                self._keep(entry)
            self.changes += 1
            self._number = entries[-1].number
            if sum(map(len, self._ended.values())) > self._bound:
                self._drop(now)

    def _keep(self, entry: Revocation) -> None:
        """Know an entry; of two of the same, what either ends is ended, though their hosts' clocks disagree."""
        known = self._ended[entry.kind].get(entry.value, entry)
        ends = max(known.before, entry.before), max(known.until, entry.until)
        self._ended[entry.kind][entry.value] = Revocation(entry.number, entry.kind, entry.value, *ends)

    def _start(self, now: float) -> None:
        entries = self._store.revocations(0, now, self._bound + 1)
        if len(entries) > self._bound:
            self._number = self._store.newest_revocation()
            self._asks_at_first_sight = True
        else:
            self._number = 0

    def _drop(self, now: float) -> None:
        """Forget entries that end nothing any more; where too many remain, all of them and every verified token."""
        for entries in self._ended.values():
            for value in [value for value, entry in entries.items() if entry.until <= now]:
                del entries[value]
        if sum(map(len, self._ended.values())) > self._bound:
            self._asks_at_first_sight = True
            for entries in self._ended.values():
                entries.clear()
            self.forgotten += 1
            self._forget()

    def ends(self, token: Token) -> bool:
        """Tell whether what is known here ends a token."""
        if not self.changes:
            return False  # the usual case
        ended = self._ended
        if token.id in ended[Kind.TOKEN] or (token.family and token.family in ended[Kind.FAMILY]):
            return True
        by_time = (
            ended[Kind.SUBJECT].get(token.user),
            ended[Kind.CLIENT].get(token.client),
            ended[Kind.ALL].get(""),
        )
        return any(entry is not None and token.issued_at <= entry.before for entry in by_time)

    def ends_at_first_sight(self, token: Token) -> bool:
        """Tell whether a token that this process has not seen before is revoked, asking the store where need be."""
        return self.ends(token) or (self._asks_at_first_sight and self._store.is_revoked(token))
