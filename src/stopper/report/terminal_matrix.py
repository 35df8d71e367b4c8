"""The auth matrix for a terminal: drift first, each row with what makes it one."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from stopper.model import Agreement, Door, MatrixRow, Report
from stopper.report.layout import heading, indented
from stopper.report.matrix_words import COLUMNS, UNSAID, counted, doors, worst_first
from stopper.report.outgoing import redacted, visible
from stopper.report.terminal import NARROWEST, WIDEST, WIDTH

_DOOR_STYLES = {
    Door.PUBLIC: "bold red",
    Door.UNGUARDED: "red",
    Door.ANY_TOKEN: "bold red",
    Door.BEARER: "green",
    Door.OTHER: "cyan",
    Door.CLOSED: "cyan",
}
_AGREEMENT_STYLES = {Agreement.DRIFT: "bold white on red", Agreement.AGREED: "green"}
_SIDE_BY_SIDE = 90
"""Columns from which the witnesses stand beside one another."""


def render(report: Report, width: int = WIDTH) -> str:
    """Return the matrix without colours, for a pipe or a file."""
    return _printed(report, Console(file=io.StringIO(), width=max(width, NARROWEST), color_system=None, _environ={}))


def for_terminal(report: Report, stream: TextIO) -> str:
    """Return the matrix as a stream can show it; NO_COLOR and TERM=dumb are obeyed."""
    width = min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDEST) if stream.isatty() else WIDTH
    plain = not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    text = render(report, width) if plain else coloured(report, width)
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def coloured(report: Report, width: int) -> str:
    """Return the matrix with ANSI colours, of the sixteen that a terminal's own theme decides on."""
    console = Console(
        file=io.StringIO(),
        width=max(width, NARROWEST),
        color_system="standard",
        force_terminal=True,
        legacy_windows=False,
        _environ={},
    )
    return _printed(report, console)


def _printed(report: Report, console: Console) -> str:
    with console.capture() as capture:
        for part in _parts(redacted(report), console.width):
            console.print(part, crop=False)
    return "\n".join(line.rstrip() for line in capture.get().split("\n"))


def _parts(report: Report, width: int) -> Iterator[RenderableType]:
    yield Text(f"Auth matrix of {visible(', '.join(report.targets) or 'nothing')}", style="bold")
    yield Text(counted(report.matrix))
    for label, why in (("PARTIAL", report.partial), ("INCOMPLETE", report.incomplete)):
        if why:
            yield Text(f"{label} {visible(why)}", style="bold red")
    rows = worst_first(report.matrix)
    if rows:
        yield _table(rows) if width >= _SIDE_BY_SIDE else Group(*(part for row in rows for part in _stacked(row)))
    drifts = [row for row in rows if row.agreement is Agreement.DRIFT]
    if drifts:
        yield from heading(f"Drift: {len(drifts)}")
    for row in drifts:
        yield from _explained(row)


def _table(rows: list[MatrixRow]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("endpoint", ratio=3, overflow="fold")
    for _, name in COLUMNS:
        table.add_column(name, ratio=1, overflow="fold")
    table.add_column("verdict", no_wrap=True)
    for row in rows:
        table.add_row(_endpoint(row), *_cells(row), _agreement(row))
    return table


def _stacked(row: MatrixRow) -> Iterator[RenderableType]:
    """Yield an endpoint on a line of its own, its witnesses below it."""
    yield Text.assemble(_agreement(row), " ", _endpoint(row))
    for (_, name), cell in zip(COLUMNS, _cells(row), strict=True):
        yield Text.assemble(f"    {name:<5}", cell)


def _explained(row: MatrixRow) -> Iterator[RenderableType]:
    yield Text.assemble(_endpoint(row), style="bold")
    yield indented(Text(visible(row.why)), 2)
    for witness, name in COLUMNS:
        said = row.sayings.get(witness)
        if said and said.how:
            where = f" ({visible(str(said.place))})" if said.place and said.place.uri else ""
            yield indented(Text(f"{name}: {visible(said.how)}{where}", style="dim"), 4)


def _endpoint(row: MatrixRow) -> Text:
    application = f"{row.endpoint.application} " if row.endpoint.application else ""
    return Text(visible(f"{application}{row.endpoint}"))


def _cells(row: MatrixRow) -> list[Text]:
    cells = []
    for witness, _ in COLUMNS:
        said = row.sayings.get(witness)
        silent = said is None or UNSAID.issuperset(said.doors)
        style = "dim" if silent or said is None else _DOOR_STYLES.get(said.doors[0] if said.doors else Door.UNCLEAR, "")
        cells.append(Text(visible(doors(said)), style=style))
    return cells


def _agreement(row: MatrixRow) -> Text:
    return Text(row.agreement.value, style=_AGREEMENT_STYLES.get(row.agreement, ""))
