"""The auth matrix for a terminal and as CSV."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given, settings

from stopper.model import Report
from stopper.report import matrix_csv, terminal_matrix
from tests.report.hostile import hostile
from tests.report.samples import leaky, unlooked
from tests.report.strategies import reports


def test_rows_side_by_side() -> None:
    """A wide terminal has the witnesses beside one another, drift first, and explains each drift."""
    text = terminal_matrix.render(leaky())
    assert "3 endpoints: 1 drift, 1 nobody says, 1 agreed" in text
    assert re.search(r"GET /api/orders/\{id\} +bearer +no guard +public +public +drift\n", text)
    assert "spec: bearer (bearer) (openapi.yaml:88)" in text
    assert text.index("GET /api/orders") < text.index("GET /api/me")


def test_rows_on_a_narrow_terminal() -> None:
    """A narrow terminal has a witness on each line, and nothing is wider than it."""
    text = terminal_matrix.render(leaky(), 40)
    assert "drift GET /api/orders/{id}\n    spec bearer [orders:read]\n    code no guard seen\n" in text
    assert max(map(len, text.split("\n"))) <= 40


def test_colours_only_where_asked() -> None:
    """Only the coloured form holds control sequences, and drift stands out in it."""
    assert "\x1b" not in terminal_matrix.render(leaky())
    assert "\x1b[1;37;41mdrift" in terminal_matrix.coloured(leaky(), 120)


def test_nothing_known() -> None:
    """An interrupted scan without endpoints says both."""
    assert "0 endpoints\nPARTIAL interrupted" in terminal_matrix.render(unlooked())


def test_csv_has_a_line_for_each_endpoint() -> None:
    """Titles and rows have the same number of cells; the statement and how it was learnt stand apart."""
    titles, *rows = csv.reader(io.StringIO(matrix_csv.render(leaky())))
    assert titles[3:5] == ["spec says", "spec learnt by"]
    assert {len(row) for row in rows} == {len(titles)}
    assert rows[1][1:5] == ["GET", "/api/orders/{id}", "bearer [orders:read]", "bearer (bearer)"]


def _cells(report: Report) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(matrix_csv.render(report))) for cell in row]


def test_csv_holds_no_formula() -> None:
    """No cell begins as what a spreadsheet would calculate, blanks before it or not."""
    for cell in _cells(hostile()):
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("width", [40, 100])
@given(report=reports())
@settings(max_examples=25, deadline=None)
def test_any_matrix_is_plain(width: int, report: Report) -> None:
    """Whatever names hold, neither a control character nor a formula stands in the output."""
    assert not set(terminal_matrix.render(report, width)) & set(map(chr, range(32))) - {"\n"}
    for cell in _cells(report):
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))
        assert not set(cell) & set(map(chr, range(32)))
