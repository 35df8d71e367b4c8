"""The report as a person reads it: the grade, the findings worst first, then what was looked at and what was not.

Nothing in a report is markup here: every text is shown as it is, characters that cannot be seen written out, so that a
hostile name can neither colour, move nor command the terminal.
"""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from stopper.model import Endpoint, Evidence, Finding, Place, Report, Severity, Status, Witness
from stopper.report.outgoing import redacted, visible
from stopper.report.skips import skips_by_reason

NARROWEST = 40
"""Columns below which the layout is no longer kept; the terminal then wraps the lines itself."""

WIDTH = 100
"""Columns of a report that goes into a pipe or a file."""

WIDEST = 140
"""Columns above which lines are too long to read, however wide the terminal."""

ENDPOINTS_SHOWN = 8
EVIDENCE_SHOWN = 3
LINES_SHOWN = 12
LINE_LENGTH_SHOWN = 1_000
NAMES_SHOWN = 6

_SEVERITY_STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "bold yellow",
    Severity.LOW: "cyan",
    Severity.ADVICE: "dim",
}
_STATUS_STYLES = {Status.CONFIRMED: "bold", Status.SINGLE_WITNESS: "", Status.CONTRADICTED: "magenta"}
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
        yield from _heading(f"Findings: {len(report.findings)}, worst first")
    for finding in report.findings:
        yield ""
        yield from _finding(finding, width)
    if report.findings:
        example = visible(report.findings[0].control)
        yield Text(f"\n`stopper explain {example}` says what is wrong, why it matters and how to mend it.", style="dim")
    yield from _heading("Looked at")
    yield _indented(_looked_at(report), 2)
    yield from _heading("NOT looked at")
    yield _indented(_not_looked_at(report), 2)
    if report.failures:
        yield from _heading(f"Crashed checks: {len(report.failures)}, so this scan is not clean")
        crashes = ((visible(f.control), visible(f"{f.error} on {f.subject}")) for f in report.failures)
        yield _indented(_rows(crashes), 2)


def _heading(title: str) -> Iterator[RenderableType]:
    yield ""
    yield Rule(Text(title, style="bold"), align="left", style="dim")


def _indented(part: RenderableType, columns: int) -> RenderableType:
    return Padding(part, (0, 0, 0, columns))


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


# --------------------------------------------------------------------------- findings


def _finding(finding: Finding, width: int) -> Iterator[RenderableType]:
    yield _title(finding, width)
    yield _indented(Text(visible(finding.message)), 2)
    yield _indented(_rows(_facts(finding)), 2)
    if finding.severity.rank >= Severity.MEDIUM.rank:
        yield from _proof(finding, width)
    if finding.folded:
        yield _indented(_rows([("takes in", Group(*map(_folded, finding.folded)))]), 2)


def _title(finding: Finding, width: int) -> RenderableType:
    name = Text.assemble(
        (f" {finding.severity.value.upper()} ", _SEVERITY_STYLES[finding.severity]),
        " " * (9 - len(finding.severity.value)),  # so that the ids stand in one column
        (visible(finding.control), "bold"),
        " ",
        (visible(finding.name), "bold"),
    )
    status = Text(finding.status.value, style=_STATUS_STYLES[finding.status])
    gap = width - name.cell_len - status.cell_len
    if gap < 2:
        return Text.assemble(name, " · ", status)
    return Text.assemble(name, " " * gap, status)


def _facts(finding: Finding) -> Iterator[tuple[str, RenderableType]]:
    if finding.place:
        yield "at", _place(finding.place)
    if finding.endpoints:
        yield "on", Text("\n".join(_endpoints(finding.endpoints)))
    if finding.witnesses:
        yield "seen by", Text(", ".join(witness.value for witness in finding.witnesses))
    against = tuple(o.witness.value for o in finding.observations if o.verdict.kept)
    if against:
        yield "denied by", Text(", ".join(dict.fromkeys(against)))


def _place(place: Place) -> Text:
    where = Text(visible(str(place)), style="underline")
    if not place.text.strip():
        return where
    return Text.assemble(where, "\n", ("│ ", "dim"), _cut(visible(place.text.strip())))


def _endpoints(endpoints: Sequence[Endpoint]) -> list[str]:
    lines = [visible(str(endpoint)) for endpoint in endpoints[:ENDPOINTS_SHOWN]]
    hidden = len(endpoints) - len(lines)
    return [*lines, f"and {hidden} more"] if hidden else lines


def _folded(finding: Finding) -> Text:
    seen = ", ".join(witness.value for witness in finding.witnesses)
    where = f" at {visible(str(finding.place))}" if finding.place else ""
    return Text(f"{visible(finding.control)} {visible(finding.name)}{where} ({seen})")


def _proof(finding: Finding, width: int) -> Iterator[RenderableType]:
    """Show the evidence of a finding and of what it takes in: what ran comes before what was read."""
    pieces = tuple(dict.fromkeys(_evidence(finding)))
    for piece in pieces[:EVIDENCE_SHOWN]:
        yield from _piece(piece, width)
    if len(pieces) > EVIDENCE_SHOWN:
        yield _indented(Text(f"{len(pieces) - EVIDENCE_SHOWN} more in the JSON report", style="dim"), 2)


def _evidence(finding: Finding) -> Iterator[Evidence]:
    own = [piece for observation in finding.observations for piece in observation.verdict.evidence]
    yield from sorted(own, key=lambda piece: not piece.command)
    for inner in finding.folded:
        yield from _evidence(inner)


def _piece(piece: Evidence, width: int) -> Iterator[RenderableType]:
    yield _indented(Text(visible(piece.title), style="italic"), 2)
    if piece.path:
        yield _indented(_flow(piece), 4)
    for line in _first_lines(piece.detail):
        yield _indented(Text(_cut(visible(line)), style="dim"), 4)
    for line in _first_lines(piece.command):
        yield from _command(visible(line), width)


def _first_lines(text: str) -> list[str]:
    lines = text.split("\n") if text else []
    hidden = len(lines) - LINES_SHOWN
    return [*lines[:LINES_SHOWN], f"… and {hidden} more lines"] if hidden > 0 else lines


def _cut(line: str) -> str:
    return line if len(line) <= LINE_LENGTH_SHOWN else line[:LINE_LENGTH_SHOWN] + "…"


def _flow(piece: Evidence) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", style="dim")
    table.add_column(overflow="fold")
    for step, (place, message) in enumerate(piece.path, start=1):
        table.add_row(f"{step}", Text.assemble(_place(place), ("\n→ ", "dim"), visible(message)))
    return table


# Words of a POSIX shell as they stand, quotes and all; a header stays with its option.
_WORD = re.compile(r"""(?:-H )?(?:[^\s'"\\]|\\.|'[^']*+'|"(?:[^"\\]|\\.)*+")++""")


def _command(command: str, width: int) -> Iterator[RenderableType]:
    """Break a command between its words, so that it can be copied from a narrow terminal and still runs."""
    words = _WORD.findall(command)
    if " ".join(words) != command:
        words = [command]
    line = "    "
    for position, word in enumerate(words):
        if position and len(line) + len(word) + 3 > width:
            yield _unwrapped(f"{line} \\")
            line = "     "
        line = f"{line} {word}" if line.strip() else f"{line}{word}"
    yield _unwrapped(line)


def _unwrapped(line: str) -> RenderableType:
    # In a group, because a console joins bare texts into one and forgets how they wrap.
    return Group(Text(line, no_wrap=True, overflow="ignore", style="green"))


# --------------------------------------------------------------------------- coverage


def _looked_at(report: Report) -> RenderableType:
    coverage = report.coverage
    called = f"{coverage.reached} of {coverage.eligible} eligible reached" if coverage.eligible else "none called"
    known = f"{coverage.operations} known, {coverage.operations_in_spec} of the specification"
    return _rows(
        (
            ("witnesses", ", ".join(witness.value for witness in coverage.witnesses) or "none"),
            ("operations", f"{called} ({known})"),
            ("files", f"{coverage.files_analysed} of {coverage.files} analysed"),
            ("requests", f"{coverage.requests} over the wire, {coverage.app_requests} in the app"),
            ("controls", f"{len(coverage.controls_asked)} asked"),
            ("time", f"{coverage.seconds:.1f} s"),
        )
    )


def _not_looked_at(report: Report) -> RenderableType:
    rows = list(_gaps(report))
    return _rows(rows) if rows else Text("nothing that Stopper knows of")


def _gaps(report: Report) -> Iterator[tuple[str, RenderableType | str]]:
    coverage = report.coverage
    for witness in Witness:
        if witness not in coverage.witnesses:
            yield witness.value, _MISSING[witness]
    if not coverage.identity:
        yield "identity", "no working credential: nothing behind a login was seen"
    if coverage.eligible > coverage.reached:
        yield "operations", f"{coverage.eligible - coverage.reached} eligible, but without an answer of their own"
    if coverage.files > coverage.files_analysed:
        yield "files", f"{coverage.files - coverage.files_analysed} not analysed"
    for group in skips_by_reason(report.skips):
        heading = Text(f"{len(group.subjects)} × {visible(group.why)}")
        yield visible(group.kind), Group(heading, Text(_named(group.subjects), style="dim"))
    unasked = sorted(set(report.controls) - set(coverage.controls_asked))
    if unasked:
        shown = ", ".join(f"{control} {report.controls[control].name}" for control in unasked[:NAMES_SHOWN])
        more = f" and {len(unasked) - NAMES_SHOWN} more" if len(unasked) > NAMES_SHOWN else ""
        yield (
            "controls",
            Group(Text(f"{len(unasked)} had nothing to look at"), Text(visible(shown) + more, style="dim")),
        )


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(_cut(visible(name)) for name in names[:NAMES_SHOWN])
    hidden = len(names) - NAMES_SHOWN
    return f"{shown} and {hidden} more" if hidden > 0 else shown


def _rows(rows: Iterable[tuple[str, RenderableType | str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", min_width=10, no_wrap=True)
    table.add_column(overflow="fold")
    for label, content in rows:
        table.add_row(Text(label), Text(content) if isinstance(content, str) else content)
    return table
