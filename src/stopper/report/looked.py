"""What was looked at and what was not, in words: every report for people shows both, equally prominent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stopper.model import Coverage, Report, Witness
from stopper.report.skips import skips_by_reason

# What was not given where a witness was not asked: what a user can add to the command line.
_MISSING = {
    Witness.SPEC: "no OpenAPI or Swagger document was given",
    Witness.WIRE: "no base URL and no recorded traffic was given",
    Witness.SOURCE: "no folder of source code was given",
    Witness.APP: "no application was named to be run",
}


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was not looked at: its kind, why, and the names of what is meant where there are any."""

    kind: str
    why: str
    names: tuple[str, ...] = ()


def looked_at(coverage: Coverage) -> tuple[tuple[str, str], ...]:
    """Return what was looked at as labels with their numbers."""
    called = f"{coverage.reached} of {coverage.eligible} eligible reached" if coverage.eligible else "none called"
    known = f"{coverage.operations} known, {coverage.operations_in_spec} of the specification"
    return (
        ("witnesses", ", ".join(witness.value for witness in coverage.witnesses) or "none"),
        ("operations", f"{called} ({known})"),
        ("files", _files(coverage)),
        ("requests", f"{coverage.requests} over the wire, {coverage.app_requests} in the app"),
        ("controls", f"{len(coverage.controls_asked)} asked"),
        ("time", f"{coverage.seconds:.1f} s"),
    )


def _files(coverage: Coverage) -> str:
    analysed = f"{coverage.files_analysed} of {coverage.files} analysed"
    irrelevant = f", {coverage.files_irrelevant} hold nothing that a control looks at"
    left_out = f", {coverage.files_left_out} left out as tests or other people's code"
    return analysed + (irrelevant if coverage.files_irrelevant else "") + (left_out if coverage.files_left_out else "")


def gaps(report: Report) -> Iterator[Gap]:
    """Yield what was not looked at."""
    coverage = report.coverage
    for witness in Witness:
        if witness not in coverage.witnesses:
            yield Gap(witness.value, _MISSING[witness])
    if not coverage.identity:
        yield Gap("identity", "no working credential: nothing behind a login was seen")
    if coverage.eligible > coverage.reached:
        yield Gap("operations", f"{coverage.eligible - coverage.reached} eligible, but without an answer of their own")
    unread = coverage.files - coverage.files_analysed - coverage.files_irrelevant - coverage.files_left_out
    if unread > 0:
        yield Gap("files", f"{unread} not analysed")
    for group in skips_by_reason(report.skips):
        yield Gap(group.kind, f"{len(group.subjects)} × {group.why}", group.subjects)
    unasked = sorted(set(report.controls) - set(coverage.controls_asked))
    if unasked:
        names = tuple(f"{control} {report.controls[control].name}" for control in unasked)
        yield Gap("controls", f"{len(unasked)} had nothing to look at", names)
