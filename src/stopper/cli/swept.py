"""A sweep as a report of its one control, for the formats that a scan has."""

from __future__ import annotations

from stopper import __version__
from stopper.controls import find
from stopper.model import Control, Coverage, Finding, Report, Skip, Status, Verdict
from stopper.sweep.listing import told
from stopper.sweep.sweeping import Sweep


def report(sweep: Sweep, targets: tuple[str, ...], seconds: float, exit_code: int) -> Report:
    """Return what a sweep of `targets` found; it has neither witnesses nor a grade."""
    entry = find("token_at_rest")
    findings: list[Finding] = []
    for row in told(sweep.tally.rows):
        findings += (_finding(entry.control, verdict) for verdict in entry.hooks["rest"](row))
    return Report(
        targets=targets,
        findings=tuple(findings),
        observations=(),
        coverage=Coverage(
            files=sweep.sources, files_analysed=sweep.sources, seconds=seconds, controls_asked=(entry.control.id,)
        ),
        skips=tuple(Skip(skipped.what, skipped.why, "source") for skipped in sweep.skipped),
        ungraded="a sweep has no grade",
        incomplete="not everything was read" if sweep.skipped else "",
        notes=(f"{sweep.tally.further} further sightings are not listed",) if sweep.tally.further else (),
        controls={entry.control.id: entry.control},
        pages={entry.control.id: entry.page},
        version=__version__,
        exit_code=exit_code,
    )


def _finding(control: Control, verdict: Verdict) -> Finding:
    return Finding(
        control=control.id,
        name=control.name,
        title=control.title,
        severity=verdict.severity or control.severity,
        status=Status.CONFIRMED,
        message=verdict.message,
        place=verdict.place,
        endpoints=(),
        observations=(),
    )
