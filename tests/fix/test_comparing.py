"""Two scans compared: what a repair made of each finding, though lines move and change."""

from __future__ import annotations

import pytest

from stopper.fix.comparing import Fate, compare
from stopper.model import (
    Coverage,
    Failure,
    Finding,
    Observation,
    Place,
    Report,
    Severity,
    Status,
    Verdict,
    Witness,
)

ALL = tuple(Witness)


def finding(control: str, line: int, text: str, witness: Witness = Witness.SOURCE, uri: str = "a.py") -> Finding:
    """Return a finding that one witness saw on a line."""
    place = Place(uri, line, 1, text)
    seen = Observation(control, witness, Verdict(False, "broken", place))
    return Finding(control, "name", "title", Severity.HIGH, Status.SINGLE_WITNESS, "broken", place, (), (seen,))


def report(
    *findings: Finding, witnesses: tuple[Witness, ...] = ALL, incomplete: str = "", crashed: bool = False
) -> Report:
    """Return a report of these findings."""
    failures = (Failure("BT999", "x", "KeyError"),) if crashed else ()
    coverage = Coverage(witnesses=witnesses)
    return Report(("t",), findings, (), coverage, failures=failures, incomplete=incomplete)


def test_moved_and_changed_lines() -> None:
    """A line that moved or was changed and is still broken is still there; no new finding is made of it."""
    before = report(finding("BT1", 3, "one"), finding("BT1", 5, "two"), finding("BT2", 3, "one"))
    after = report(finding("BT1", 9, "one"), finding("BT1", 12, "two changed"))
    made = compare(before, after)
    assert [fate for _, fate in made.fates] == [Fate.STILL, Fate.STILL, Fate.GONE]
    assert made.new == ()


def test_new_findings() -> None:
    """What is more than a file had before is new, and what another file has is."""
    more = finding("BT1", 4, "more"), finding("BT1", 1, "one", uri="b.py")
    made = compare(report(finding("BT1", 3, "one")), report(finding("BT1", 3, "one"), *more))
    assert [fate for _, fate in made.fates] == [Fate.STILL] and set(made.new) == set(more)


@pytest.mark.parametrize(
    ("witness", "after", "fate"),
    [
        (Witness.WIRE, report(witnesses=(Witness.SOURCE,)), Fate.UNSEEN),
        (Witness.APP, report(incomplete="no operation could be asked"), Fate.UNSEEN),
        (Witness.SOURCE, report(incomplete="no operation could be asked"), Fate.GONE),
        (Witness.SOURCE, report(crashed=True), Fate.UNSEEN),
        (Witness.APP, report(), Fate.GONE),
    ],
)
def test_only_what_was_looked_at_is_gone(witness: Witness, after: Report, fate: Fate) -> None:
    """A finding whose witness took no part, or not whole, is not called gone."""
    ((_, told),) = compare(report(finding("BT1", 3, "one", witness)), after).fates
    assert told is fate
