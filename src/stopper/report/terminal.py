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

from stopper.model import Finding, Report
from stopper.report.layout import cut, heading, indented, shortened, table
from stopper.report.looked import Gap, gaps, looked_at
from stopper.report.outgoing import redacted, visible
from stopper.report.proofs import denials
from stopper.report.summary import summary
from stopper.report.terminal_finding import finding_parts

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
    yield indented(table(looked_at(report.coverage)), 2)
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
    count = Text(summary(report))
    if report.grade is None:
        told = report.ungraded in (report.partial, report.incomplete)
        why = "" if told else f" {visible(report.ungraded)}"
        return Text.assemble((" no grade ", "bold reverse"), f"{why}\n", count)
    style = _GRADE_STYLES.get(report.grade, _GRADE_BAD)
    return Text.assemble((f" {visible(report.grade)} ", style), f" {report.score} of 100 · ", count)


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


def _not_looked_at(report: Report) -> RenderableType:
    found = [(visible(gap.kind), _gap(gap)) for gap in gaps(report)]
    return table(found) if found else Text("nothing that Stopper knows of")


def _gap(gap: Gap) -> RenderableType:
    why = Text(visible(gap.why))
    return Group(why, Text(shortened(list(map(visible, gap.names))), style="dim")) if gap.names else why
