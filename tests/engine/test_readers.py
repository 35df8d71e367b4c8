"""The processes that read the source: what a module does to its reader, it does to nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from stopper.engine import readers
from stopper.engine.reading import KILLED, Reading
from stopper.observe.source import Module, State, read_project

SOURCE = b"from flask import Flask\napp = Flask(__name__)\n"


def modules(*names: str) -> tuple[Module, ...]:
    return read_project([(f"{name}.py", SOURCE) for name in names]).modules


def told(asked: tuple[Module, ...], read: object, jobs: int = 2, seconds: float = 20.0) -> list[readers.Answer]:
    """Return what came back, by path."""
    taken: list[readers.Answer] = []
    shares = readers.shares([asked], readers.largest(asked, jobs))
    asyncio.run(readers.ask(shares, read, jobs, taken.append, seconds))  # type: ignore[arg-type]
    return sorted(taken, key=lambda answer: answer[0].path)


def children() -> set[str]:
    """Return the processes that this one has started and not yet heard the end of."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def plain(module: Module) -> readers.Answer:
    return Reading(module.path, module.state), (str(os.getpid()),)


def test_every_module_is_told_once_and_by_another_process() -> None:
    """Each module is answered once, by a child."""
    answers = told(modules("a", "b", "c"), plain)
    assert [reading.path for reading, _ in answers] == ["a.py", "b.py", "c.py"]
    assert str(os.getpid()) not in {process for _, held in answers for process in held}


def test_shares_are_read_by_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than a share is read by more than one child."""
    monkeypatch.setattr(readers, "SHARE_BYTES", len(SOURCE))
    answers = told(modules("a", "b", "c", "d"), plain)
    assert len({process for _, held in answers for process in held}) > 1


def test_a_child_that_holds_much_leaves_the_rest_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader whose trees take much memory ends after the module it was at, and nothing is lost."""
    monkeypatch.setattr(readers, "WORN_BLOCKS", -1)
    answers = told(modules("a", "b", "c"), plain, jobs=1)
    assert [reading.path for reading, _ in answers] == ["a.py", "b.py", "c.py"]
    assert len({process for _, held in answers for process in held}) == 3


def test_a_child_that_is_alone_may_hold_as_much_as_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """One reader at a time reads on where each of two would leave the rest to another."""
    monkeypatch.setattr(readers, "WORN_BLOCKS", 17_000)
    held: list[object] = []

    def holding(module: Module) -> readers.Answer:
        held.extend(object() for _ in range(10_000))
        return plain(module)

    processes = [
        len({process for _, keys in told(modules("a", "b", "c", "d"), holding, jobs=jobs) for process in keys})
        for jobs in (1, 2)
    ]
    assert processes == [1, 2]


def test_a_part_that_fits_is_not_divided() -> None:
    """Small parts share a child where they fit, a large one is divided between its modules."""
    small, other, large = modules("a", "b"), modules("c"), modules("d", "e", "f", "g")
    cut = readers.shares([small, other, large], 3 * len(SOURCE))
    assert [[module.path for module in share] for share in cut] == [
        ["a.py", "b.py", "c.py"],
        ["d.py", "e.py", "f.py"],
        ["g.py"],
    ]


def test_a_module_without_end_is_timed_out_and_the_rest_is_read() -> None:
    """A reader that hangs is ended; its module is told as timed out, those after it are read all the same."""

    def hangs(module: Module) -> readers.Answer:
        while module.path == "b.py":
            time.sleep(1)
        return plain(module)

    answers = told(modules("a", "b", "c"), hangs, seconds=0.5)
    assert [reading.state.state for reading, _ in answers if reading.state] == [
        State.ANALYSED,
        State.TIMED_OUT,
        State.ANALYSED,
    ]


def test_a_module_that_ends_its_reader_is_told() -> None:
    """A reader that dies takes nothing along but the module it was at."""

    def dies(module: Module) -> readers.Answer:
        if module.path == "a.py":
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(module)

    first, second = (reading.state for reading, _ in told(modules("a", "b"), dies))
    assert first is not None
    assert (first.state, first.why) == (State.NOT_PARSED, KILLED)
    assert second is not None
    assert second.state is State.ANALYSED


@pytest.mark.parametrize("after", [0.0, 0.3], ids=["at once", "while they read"])
def test_readers_end_with_an_interruption(after: float) -> None:
    """A scan that is cancelled leaves no reader behind, not even one that has just been started."""

    def hangs(module: Module) -> readers.Answer:
        time.sleep(30)
        return plain(module)

    async def interrupted() -> None:
        running = asyncio.ensure_future(readers.ask([modules("a")], hangs, 1, lambda _: None))
        await asyncio.sleep(after)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    before = children()
    started = time.monotonic()
    asyncio.run(interrupted())
    assert time.monotonic() - started < 20
    assert children() <= before
