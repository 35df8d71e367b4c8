"""Progress counts the engine's own events and shows numbers only."""

from __future__ import annotations

import io
from collections.abc import Iterable

from stopper.engine.events import CheckFailed, Event, Observed, ScanFinished, ScanStarted, Sent, Skipped
from stopper.engine.plan import Plan
from stopper.model import Coverage, Failure, Observation, Report, Skip, Verdict, Witness
from stopper.report.progress import Progress

PLAN = Plan((), (), (Witness.WIRE,), 144, 20.0)
HOSTILE = "\x1b[2J[red]evil"


def _events() -> Iterable[Event]:
    yield ScanStarted(PLAN)
    yield Skipped(Skip(HOSTILE, HOSTILE))
    for count in (1, 3, 2):
        yield Sent(Witness.WIRE, count)
    yield Observed(Observation("BT601", Witness.WIRE, Verdict(False, HOSTILE)))
    yield Observed(Observation("BT601", Witness.APP, Verdict(False, HOSTILE)))
    yield Observed(Observation("BT601", Witness.SPEC, Verdict(True, HOSTILE)))
    yield CheckFailed(Failure(HOSTILE, HOSTILE, HOSTILE))
    yield ScanFinished(Report((HOSTILE,), (), (), Coverage()))


def test_numbers_of_a_scan() -> None:
    """Requests, answers, broken controls, gaps and crashes are counted, a control once however often it is broken."""
    with Progress.on(io.StringIO()) as progress:
        for event in _events():
            progress.take(event)
    expected = "3 of at most 144 requests · 3 answers · 1 controls broken · 1 not looked at · 1 checks crashed"
    assert progress.line() == expected


def test_without_a_terminal_only_the_plan_is_written() -> None:
    """Into a pipe goes one line, the plan, and no control sequence."""
    stream = io.StringIO()
    with Progress.on(stream) as progress:
        for event in _events():
            progress.take(event)
    assert stream.getvalue() == "0 operations will be asked: at most 144 requests, 20 a second off loopback\n"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_line_moves() -> None:
    """A terminal shows the plan and the numbers, and no name that was met."""
    stream = _Terminal()
    with Progress.on(stream) as progress:
        for event in _events():
            progress.take(event)
    assert "at most 144 requests, 20 a second" in stream.getvalue()
    assert "1 checks crashed" in stream.getvalue()
    assert "evil" not in stream.getvalue()


class _Closed(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_closed_stream_does_not_end_the_scan() -> None:
    """A standard error that nobody reads any more is no reason to stop."""
    with Progress.on(_Closed()) as progress:
        progress.take(ScanStarted(PLAN))
    assert progress.line().startswith("0 of at most 144 requests")
