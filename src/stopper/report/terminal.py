"""The report as a person reads it: the grade, the findings worst first, then what was looked at and what was not.

Nothing in a report is markup here: every text is shown as it is, characters that cannot be seen written out, so that a
hostile name can neither colour, move nor command the terminal.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.text import Text

from stopper.model import Coverage, Finding, Report, Severity, Witness
from stopper.report.layout import cut, heading, indented, shortened, table
from stopper.report.outgoing import redacted, visible
from stopper.report.skips import skips_by_reason
from stopper.report.terminal_finding import denials, finding_parts

NARROWEST = 40
"""Columns below which the layout is no longer kept; the terminal then wraps the lines itself."""

WIDTH = 100
"""Columns of a report that goes into a pipe or a file."""

WIDEST = 140
"""Columns above which lines are too long to read, however wide the terminal."""

SUPPRESSED = 40
"""Suppressed findings that are listed before the rest is only counted."""

_GRADE_STYLES = {"A": "bold white on green", "B": "bold white on green", "C": "bold black on yellow"}
_GRADE_BAD = "bold white on red"
# What was not given where a witness was not asked: what a user can add to the command line.
_MISSING = {
    Witness.SPEC: "no OpenAPI or Swagger document was given",
    Witness.WIRE: "no base URL and no recorded traffic was given",
    Witness.SOURCE: "no folder of source code was given",
    Witness.APP: "no application was named to be run",
}


def render(report: Report, width: int = WIDTH) -> str:
    """Return the report without colours, for a pipe or a file; only commands are wider than `width` columns."""
    return _printed(report, Console(file=io.StringIO(), width=max(width, NARROWEST), color_system=None, _environ={}))


def coloured(report: Report, width: int) -> str:
    """Return the report with ANSI colours, of the sixteen that a terminal's own theme decides on."""
    console = Console(
        file=io.StringIO(),
        width=max(width, NARROWEST),
        color_system="standard",
        force_terminal=True,
        legacy_windows=False,
        _environ={},  # the caller has decided, not NO_COLOR, COLUMNS or TERM
    )
    return _printed(report, console)


def for_terminal(report: Report, stream: TextIO) -> str:
    """Return the report as a stream can show it: coloured and as wide as the terminal, if it is one.

    NO_COLOR and TERM=dumb are obeyed. Characters that the stream's encoding lacks are written out.
    """
    text = _for(report, stream)
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _for(report: Report, stream: TextIO) -> str:
    if not stream.isatty():
        return render(report)
    width = min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDEST)
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return render(report, width)
    return coloured(report, width)


def _printed(report: Report, console: Console) -> str:
    shown = redacted(report)
    with console.capture() as capture:
        for part in _parts(shown, console.width):
            console.print(part, crop=False)
    return "\n".join(line.rstrip() for line in capture.get().split("\n"))


def _parts(report: Report, width: int) -> Iterator[RenderableType]:
    yield from _summary(report)
    if report.findings:
        yield from heading(f"Findings: {len(report.findings)}, worst first")
    for finding in report.findings:
        yield ""
        yield from finding_parts(finding, denials(finding, report.observations), width)
    if report.suppressed:
        yield from heading(f"Suppressed: {len(report.suppressed)}, not counted")
        yield indented(_suppressed(report.suppressed), 2)
    if report.findings:
        example = visible(report.findings[0].control)
        yield Text(f"\n`stopper explain {example}` says what is wrong, why it matters and how to mend it.", style="dim")
    yield from heading("Looked at")
    yield indented(_looked_at(report), 2)
    yield from heading("NOT looked at")
    yield indented(_not_looked_at(report), 2)
    if report.failures:
        yield from heading(f"Crashed checks: {len(report.failures)}, so this scan is not clean")
        crashes = ((visible(f.control), visible(f"{f.error} on {f.subject}")) for f in report.failures)
        yield indented(table(crashes), 2)


# --------------------------------------------------------------------------- the grade


def _summary(report: Report) -> Iterator[RenderableType]:
    name = " ".join(part for part in ("Stopper", visible(report.version)) if part)
    yield Text.assemble((name, "bold"), " on ", visible(", ".join(report.targets) or "nothing"))
    yield ""
    yield _grade(report)
    for label, why in (("partial", report.partial), ("incomplete", report.incomplete)):
        if why:
            yield Text.assemble((f" {label.upper()} ", _GRADE_BAD), " ", visible(why))
    for note in report.notes:
        yield Text(f"note: {visible(note)}", style="dim")


def _grade(report: Report) -> Text:
    count = Text(_counted(report.findings) or _nothing(report))
    if report.suppressed:
        count.append(f", {len(report.suppressed)} suppressed")
    if report.grade is None:
        told = report.ungraded in (report.partial, report.incomplete)
        why = "" if told else f" {visible(report.ungraded)}"
        return Text.assemble((" no grade ", "bold reverse"), f"{why}\n", count)
    style = _GRADE_STYLES.get(report.grade, _GRADE_BAD)
    return Text.assemble((f" {visible(report.grade)} ", style), f" {report.score} of 100 · ", count)


def _nothing(report: Report) -> str:
    return "no finding" if report.coverage.controls_asked else "no finding, because no control had anything to look at"


def _counted(findings: Sequence[Finding]) -> str:
    numbers = {severity: sum(finding.severity is severity for finding in findings) for severity in Severity}
    return ", ".join(f"{number} {severity.value}" for severity, number in numbers.items() if number)


def _suppressed(findings: Sequence[Finding]) -> RenderableType:
    """Return a row for each of the first: what it is, and who says for what reason that it does not count."""
    rows = [(visible(finding.control), _silenced(finding)) for finding in findings[:SUPPRESSED]]
    hidden = len(findings) - len(rows)
    return table([*rows, ("", f"and {hidden} more")] if hidden else rows)


def _silenced(finding: Finding) -> RenderableType:
    where = str(finding.place or (finding.endpoints[0] if finding.endpoints else ""))
    why = finding.suppression
    until = f", until {why.expires}" if why and why.expires else ""
    said = f"{why.by.value}{until}: {why.reason}" if why else ""
    return Group(Text(visible(f"{finding.name} {where}")), Text(cut(visible(said)), style="dim"))


# --------------------------------------------------------------------------- coverage


def _looked_at(report: Report) -> RenderableType:
    coverage = report.coverage
    called = f"{coverage.reached} of {coverage.eligible} eligible reached" if coverage.eligible else "none called"
    known = f"{coverage.operations} known, {coverage.operations_in_spec} of the specification"
    return table(
        (
            ("witnesses", ", ".join(witness.value for witness in coverage.witnesses) or "none"),
            ("operations", f"{called} ({known})"),
            ("files", _files(coverage)),
            ("requests", f"{coverage.requests} over the wire, {coverage.app_requests} in the app"),
            ("controls", f"{len(coverage.controls_asked)} asked"),
            ("time", f"{coverage.seconds:.1f} s"),
        )
    )


def _files(coverage: Coverage) -> str:
    analysed = f"{coverage.files_analysed} of {coverage.files} analysed"
    irrelevant = f", {coverage.files_irrelevant} hold nothing that a control looks at"
    left_out = f", {coverage.files_left_out} left out as tests or other people's code"
    return analysed + (irrelevant if coverage.files_irrelevant else "") + (left_out if coverage.files_left_out else "")


def _not_looked_at(report: Report) -> RenderableType:
    gaps = list(_gaps(report))
    return table(gaps) if gaps else Text("nothing that Stopper knows of")


def _gaps(report: Report) -> Iterator[tuple[str, RenderableType | str]]:
    coverage = report.coverage
    for witness in Witness:
        if witness not in coverage.witnesses:
            yield witness.value, _MISSING[witness]
    if not coverage.identity:
        yield "identity", "no working credential: nothing behind a login was seen"
    if coverage.eligible > coverage.reached:
        yield "operations", f"{coverage.eligible - coverage.reached} eligible, but without an answer of their own"
    unread = coverage.files - coverage.files_analysed - coverage.files_irrelevant - coverage.files_left_out
    if unread > 0:
        yield "files", f"{unread} not analysed"
    for group in skips_by_reason(report.skips):
        count = Text(f"{len(group.subjects)} × {visible(group.why)}")
        yield (
            visible(group.kind),
            Group(count, Text(shortened([visible(name) for name in group.subjects]), style="dim")),
        )
    unasked = sorted(set(report.controls) - set(coverage.controls_asked))
    if unasked:
        names = [visible(f"{control} {report.controls[control].name}") for control in unasked]
        count = Text(f"{len(unasked)} had nothing to look at")
        yield "controls", Group(count, Text(shortened(names), style="dim"))
