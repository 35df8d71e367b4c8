"""The published score: 100 less what each finding costs, and the grade that follows from it. Pure.

docs/score.md is the same formula in words; the same findings always give the same score.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from stopper.model import Report, Severity, Status

PERFECT = 100
COSTS = {Severity.CRITICAL: 40, Severity.HIGH: 20, Severity.MEDIUM: 8, Severity.LOW: 2, Severity.ADVICE: 0}
GRADES = ((90, "A"), (80, "B"), (70, "C"), (60, "D"))
WORST = "F"
CAPS = {Severity.CRITICAL: "F", Severity.HIGH: "C"}
"""The best grade that a scan can have which confirmed a finding of this severity."""


class Weighed(Protocol):
    """What of a finding decides its points; a `Finding` has it, and so has one that was read from a report."""

    @property
    def control(self) -> str:
        """Return the id of the broken control."""

    @property
    def fingerprint(self) -> str:
        """Return what names the finding from scan to scan."""

    @property
    def severity(self) -> Severity:
        """Return how much it matters."""

    @property
    def status(self) -> Status:
        """Return what the witnesses make of it together."""

    @property
    def proven(self) -> bool:
        """Tell whether an exchange or a run shows it."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one finding costs: its control and fingerprint, the points taken off, and why in words."""

    control: str
    fingerprint: str
    points: int
    why: str


@dataclass(frozen=True, slots=True)
class Score:
    """0 to 100 with its grade, A to F; `parts` add up to what was taken off, `cap` says why a grade is no better."""

    value: int
    grade: str
    parts: tuple[Part, ...] = ()
    cap: str = ""


def score(findings: Iterable[Weighed]) -> Score:
    """Return the score of these findings, the narrower ones already folded into the broader."""
    found = tuple(findings)
    parts = tuple(_part(finding) for finding in found)
    value = max(0, PERFECT - sum(part.points for part in parts))
    earned = next((grade for least, grade in GRADES if value >= least), WORST)
    capped = _cap(found)
    # Grades are letters, so the later one in the alphabet is the worse one.
    if capped and CAPS[capped] > earned:
        return Score(
            value, CAPS[capped], parts, f"a confirmed {capped.value} finding allows no better than {CAPS[capped]}"
        )
    return Score(value, earned, parts)


def graded(report: Report) -> Report:
    """Return the report with score and grade, or as it is where `ungraded` says that it deserves none."""
    if report.ungraded:
        return report
    earned = score(report.findings)
    return replace(report, score=earned.value, grade=earned.grade)


def _part(finding: Weighed) -> Part:
    cost = COSTS[finding.severity]
    if finding.status is Status.CONFIRMED or finding.proven:
        return Part(finding.control, finding.fingerprint, cost, finding.severity.value)
    why = f"{finding.severity.value}, half of it: {finding.status.value} without proof"
    return Part(finding.control, finding.fingerprint, cost // 2, why)


def _cap(findings: Sequence[Weighed]) -> Severity | None:
    """Return the worst severity with a cap of which a finding is confirmed."""
    confirmed = {finding.severity for finding in findings if finding.status is Status.CONFIRMED}
    return next((severity for severity in CAPS if severity in confirmed), None)
