"""The published formula applied to a report that was kept: what each finding cost, the band, the cap, or why none."""

from __future__ import annotations

from collections.abc import Iterator

from stopper.report.layout import cut
from stopper.report.outgoing import visible
from stopper.report.reading import KeptFinding, KeptReport
from stopper.score import GRADES, PERFECT, WORST, Score, score
from stopper.secret import redact


def in_one_line(report: KeptReport) -> str:
    """Return `grade C, 80 of 100`, or why there is no grade."""
    if report.ungraded:
        return f"no grade: {_shown(report.ungraded)}\n"
    earned = score(report.findings)
    return f"grade {earned.grade}, {earned.value} of {PERFECT}\n"


def explained(report: KeptReport) -> str:
    """Return the sum line by line; without a grade, what the findings would cost is shown all the same."""
    return "\n".join(_lines(report, score(report.findings))) + "\n"


def _lines(report: KeptReport, earned: Score) -> Iterator[str]:
    yield f"{PERFECT:>5}  to begin with"
    for finding, part in zip(report.findings, earned.parts, strict=True):
        points = f"-{part.points}" if part.points else "0"
        yield f"{points:>5}  {_shown(part.control)} {_shown(_what(finding))}: {part.why}"
    lost = sum(part.points for part in earned.parts)
    floor = f", and no score is below 0: {lost} points would be taken off" if lost > PERFECT else ""
    yield f"{earned.value:>5}  of {PERFECT}{floor}"
    if report.suppressed:
        yield f"       {len(report.suppressed)} suppressed, not counted"
    if report.ungraded:
        yield f"no grade: {_shown(report.ungraded)}"
        return
    yield f"grade {earned.grade}: {earned.cap or _band(earned.value)}"
    if (report.score, report.grade) != (earned.value, earned.grade):
        yield "the report says otherwise: it was made by a release with another formula"


def _what(finding: KeptFinding) -> str:
    return f"{finding.name} ({finding.where})" if finding.where else finding.name


def _band(value: int) -> str:
    best = PERFECT
    for least, grade in GRADES:
        if value >= least:
            return f"{least} to {best} is {grade}"
        best = least - 1
    return f"below {best + 1} is {WORST}"


def _shown(text: str) -> str:
    return cut(visible(redact(text)))
