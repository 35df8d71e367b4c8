"""Guessing the key of a token offline: the quick guesses here, long lists and numbers in processes of their own.

Bounded in time and in number, and resumable: a file keeps how far the last scan came.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from stopper.io import files, lists
from stopper.observe.wire.guess import Block, Guess, Lines, attempt, guess, numbers
from stopper.observe.wire.lock import Lock

_LARGEST_STATE = 1 << 16


@dataclass(frozen=True, slots=True)
class Guessing:
    """How keys are guessed: the user's lists, further salts for itsdangerous, and the bounds.

    `lists` are files with a guess on each line: words, and secrets that are known to have leaked. `seconds` and `keys`
    bound what goes beyond the quick guesses; `processes` try them. `state` is the file that keeps how far it came.
    """

    lists: tuple[Path, ...] = ()
    salts: tuple[str, ...] = ()
    seconds: float = 20.0
    keys: int = 100_000_000
    processes: int = field(default_factory=lambda: min(2, len(os.sched_getaffinity(0))))
    state: Path | None = None

    def blocks(self) -> Iterator[Block]:
        """Yield what is tried, the user's lists first. Raises FileError."""
        for path in self.lists:
            for first, data in lists.pieces(path):
                yield Lines(files.escape(path.name), first, data)
        yield from numbers()


@dataclass(frozen=True, slots=True)
class Guessed:
    """What came of it: `guess`, and why it ended before everything was tried, where it did; `resumed` blocks were not
    tried again."""

    guess: Guess
    unfinished: str = ""
    resumed: int = 0


async def guessed(
    locks: Sequence[Lock], names: Iterable[str], guessing: Guessing, told: Callable[[int], None]
) -> Guessed:
    """Guess until a key fits, everything was tried, or the time or number is up; `told` is given the number so far."""
    quick = guess(locks, names)
    if quick.key is not None or not locks:
        return Guessed(quick)
    told(quick.tried)
    position = _Position.of(guessing, locks)
    done = position.read()
    search = _Search([lock for lock in locks if lock.likely], guessing, told, quick.tried)
    try:
        await search.run(islice(guessing.blocks(), done, None))
    finally:
        position.write(0 if search.finished else done + search.done)
    return Guessed(search.found or Guess(search.tried), search.why, done)


@dataclass(slots=True)
class _Search:
    """One search by the block; `done` counts the blocks in which all was tried, in their order."""

    locks: Sequence[Lock]
    guessing: Guessing
    told: Callable[[int], None]
    tried: int
    done: int = 0
    found: Guess | None = None
    finished: bool = False
    why: str = ""

    async def run(self, blocks: Iterator[Block]) -> None:
        """Keep every process busy, with one block waiting for each, and take the answers in order."""
        deadline = time.monotonic() + self.guessing.seconds
        loop = asyncio.get_running_loop()
        waiting: deque[asyncio.Future[Guess]] = deque()
        with _pool(self.guessing.processes) as pool:
            while self.found is None:
                while not self.why and len(waiting) < 2 * self.guessing.processes:
                    block = next(blocks, None)
                    self.why = self._bound(deadline) if block else ""
                    if block is None or self.why:
                        break
                    waiting.append(loop.run_in_executor(pool, attempt, self.locks, block))
                if not waiting:
                    self.finished = not self.why
                    return
                try:
                    self._take(await waiting.popleft())
                except BrokenProcessPool:
                    self.why = "a process that guesses ended"
                    return

    def _bound(self, deadline: float) -> str:
        if time.monotonic() > deadline:
            return f"the time for guessing is up ({self.guessing.seconds:g} s)"
        return f"the number of guesses is used up ({self.guessing.keys:,})" if self.tried >= self.guessing.keys else ""

    def _take(self, answer: Guess) -> None:
        self.tried += answer.tried
        self.told(self.tried)
        if answer.key is None:
            self.done += 1
        else:
            self.found = Guess(self.tried, answer.key, answer.kind, answer.lock)


@contextlib.contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Give the processes; when the block is left, what is still waiting is not begun."""
    # A fork has what it needs already; the only threads are those that show the progress and wait for the child.
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_alone)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _alone() -> None:
    """Let nothing of the parent's run in its child; Ctrl-C goes to the whole group, and the parent ends the child."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@dataclass(frozen=True, slots=True)
class _Position:
    """Where the file keeps how many blocks were tried, of which lists and ways of signing."""

    path: Path | None
    subject: str

    @classmethod
    def of(cls, guessing: Guessing, locks: Sequence[Lock]) -> _Position:
        """Return the position of this search; it belongs to these lists as they are now, and to no token."""
        if guessing.state is None:
            return cls(None, "")
        known = [(path.name, (status := lists.checked(path)).st_size, status.st_mtime_ns) for path in guessing.lists]
        text = json.dumps([known, [lock.name for lock in locks]])
        return cls(guessing.state, hashlib.sha256(text.encode()).hexdigest())

    def read(self) -> int:
        """Return how many blocks need not be tried again; none where the file speaks of another search."""
        if self.path is None or not self.path.exists():
            return 0
        try:
            kept = json.loads(files.read(self.path, _LARGEST_STATE))
        except (ValueError, RecursionError):
            raise files.FileError(f"{files.escape(str(self.path))}: does not hold how far guessing came") from None
        # The settings name the file, and may be of a project that nobody trusts: what is not ours is not replaced.
        if not isinstance(kept, dict) or kept.keys() != {"search", "blocks"} or not isinstance(kept["blocks"], int):
            raise files.FileError(f"{files.escape(str(self.path))}: does not hold how far guessing came")
        return max(0, kept["blocks"]) if kept["search"] == self.subject else 0

    def write(self, blocks: int) -> None:
        """Keep how many blocks were tried; 0 lets the next scan begin anew."""
        if self.path is not None:
            files.write(self.path, json.dumps({"search": self.subject, "blocks": blocks}) + "\n")
