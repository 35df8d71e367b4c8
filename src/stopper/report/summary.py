"""A report in one line: how many findings of which severity, and how many do not count."""

from __future__ import annotations

from stopper.model import Report, Severity


def summary(report: Report) -> str:
    """Return `1 critical, 2 high, 1 suppressed`; without findings, whether anything was looked at."""
    numbers = {severity: sum(each.severity is severity for each in report.findings) for severity in Severity}
    counted = ", ".join(f"{number} {severity.value}" for severity, number in numbers.items() if number)
    suppressed = f", {len(report.suppressed)} suppressed" if report.suppressed else ""
    return f"{counted or _nothing(report)}{suppressed}"


def _nothing(report: Report) -> str:
    return "no finding" if report.coverage.controls_asked else "no finding, because no control had anything to look at"
