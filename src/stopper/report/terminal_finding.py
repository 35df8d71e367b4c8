"""One finding as the terminal report shows it: what, where, on which operations, seen by whom, and the proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stopper.model import Endpoint, Evidence, Finding, Observation, Place, Severity, Status
from stopper.report.layout import command_parts, cut, first_lines, indented, shortened, table
from stopper.report.outgoing import visible
from stopper.report.proofs import pieces

ENDPOINTS_SHOWN = 8
EVIDENCE_SHOWN = 3

_SEVERITY_STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "bold yellow",
    Severity.LOW: "cyan",
    Severity.ADVICE: "dim",
}
_STATUS_STYLES = {Status.CONFIRMED: "bold", Status.SINGLE_WITNESS: "", Status.CONTRADICTED: "magenta"}


def finding_parts(finding: Finding, against: Sequence[Observation], width: int) -> Iterator[RenderableType]:
    """Yield the parts of one finding; below medium without its evidence, so that it does not drown the rest."""
    yield _title(finding, width)
    yield indented(Text(visible(finding.message)), 2)
    yield indented(table([*_facts(finding), *_denied(against)]), 2)
    if finding.severity.rank >= Severity.MEDIUM.rank:
        yield from _proof(finding, width)
    if finding.folded:
        yield indented(table([("takes in", Group(*map(_folded, finding.folded)))]), 2)


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


def _denied(denials: Sequence[Observation]) -> Iterator[tuple[str, RenderableType]]:
    lines = dict.fromkeys(f"{o.witness.value}: {visible(o.verdict.message)}" for o in denials)
    if lines:
        yield "denied by", Text(shortened(list(lines), "\n"))


def _place(place: Place) -> Text:
    where = Text(visible(str(place)), style="underline")
    if not place.text.strip():
        return where
    return Text.assemble(where, "\n", ("│ ", "dim"), cut(visible(place.text.strip())))


def _endpoints(endpoints: Sequence[Endpoint]) -> list[str]:
    lines = [visible(str(endpoint)) for endpoint in endpoints[:ENDPOINTS_SHOWN]]
    hidden = len(endpoints) - len(lines)
    return [*lines, f"and {hidden} more"] if hidden else lines


def _folded(finding: Finding) -> Text:
    seen = ", ".join(witness.value for witness in finding.witnesses)
    where = f" at {visible(str(finding.place))}" if finding.place else ""
    return Text(f"{visible(finding.control)} {visible(finding.name)}{where} ({seen})")


def _proof(finding: Finding, width: int) -> Iterator[RenderableType]:
    shown = pieces(finding)
    for piece in shown[:EVIDENCE_SHOWN]:
        yield from _piece(piece, width)
    if len(shown) > EVIDENCE_SHOWN:
        yield indented(Text(f"{len(shown) - EVIDENCE_SHOWN} more in the JSON report", style="dim"), 2)


def _piece(piece: Evidence, width: int) -> Iterator[RenderableType]:
    yield indented(Text(visible(piece.title), style="italic"), 2)
    if piece.path:
        yield indented(_flow(piece), 4)
    for line in first_lines(piece.detail):
        yield indented(Text(cut(visible(line)), style="dim"), 4)
    for line in first_lines(piece.command):
        yield from command_parts(visible(line), width)


def _flow(piece: Evidence) -> RenderableType:
    steps = Table.grid(padding=(0, 1))
    steps.add_column(justify="right", style="dim")
    steps.add_column(overflow="fold")
    for step, (place, message) in enumerate(piece.path, start=1):
        steps.add_row(f"{step}", Text.assemble(_place(place), ("\n→ ", "dim"), visible(message)))
    return steps
