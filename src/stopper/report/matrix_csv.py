"""The auth matrix as CSV (RFC 4180), safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

from stopper.model import MatrixRow, Report, Witness
from stopper.report.matrix_words import COLUMNS, doors
from stopper.report.outgoing import redacted, visible

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(report: Report) -> str:
    """Return one line per endpoint under a line of titles; no cell is a formula to a spreadsheet."""
    output = io.StringIO()
    writer = csv.writer(output)
    titles = [f"{name} {part}" for _, name in COLUMNS for part in ("says", "learnt by")]
    writer.writerow(["application", "method", "path", *titles, "verdict", "why"])
    for row in redacted(report).matrix:
        writer.writerow(map(_cell, _cells(row)))
    return output.getvalue()


def _cells(row: MatrixRow) -> list[str]:
    said = [text for witness, _ in COLUMNS for text in _said(row, witness)]
    return [row.endpoint.application, row.endpoint.method, row.endpoint.path, *said, row.agreement.value, row.why]


def _said(row: MatrixRow, witness: Witness) -> tuple[str, str]:
    said = row.sayings.get(witness)
    return doors(said), said.how if said else ""


def _cell(text: str) -> str:
    """Return the text with a quote before it where a spreadsheet would calculate it, in front of any blanks."""
    shown = visible(text)
    return f"'{shown}" if text.startswith(_FORMULA) or shown.lstrip().startswith(_FORMULA) else shown
