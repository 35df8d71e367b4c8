"""Rows 61 to 68 of the table of faults: what a report does with hostile names and bodies, and with other reports."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from stopper.cli import main
from stopper.model import Report
from stopper.report import baseline, html, junit, markdown, matrix_csv, sarif, terminal, terminal_matrix
from stopper.report import json as json_reporter
from tests.report.hostile import ATTACKS, hostile, poisoned
from tests.report.samples import leaky, silenced

FORMATS: dict[str, Callable[[Report], str]] = {
    "terminal": terminal.render,
    "json": json_reporter.render,
    "sarif": sarif.render,
    "html": html.render,
    "junit": junit.render,
    "markdown": markdown.render,
    "matrix": terminal_matrix.render,
    "matrix as csv": matrix_csv.render,
    "matrix as html": html.render_matrix,
}
# Between these a terminal's own colours stand; nothing else that it obeys may.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class _Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.met: set[tuple[str, str]] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.update((tag, name) for name, _ in attrs or [("", None)])


@pytest.mark.parametrize("attack", ATTACKS)
def test_fault_61_markup(attack: str) -> None:
    """Each attack alone adds neither an element nor an attribute to the page."""
    assert _Elements(html.render(poisoned(silenced(), attack))).met == _Elements(html.render(silenced())).met


@pytest.mark.parametrize("form", FORMATS)
def test_fault_62_control_sequences(form: str) -> None:
    """No format has a character in it that a terminal obeys, whatever it is shown with."""
    assert not _OBEYED.search(FORMATS[form](hostile()).replace("\r\n", "\n"))


@pytest.mark.parametrize("draw", [terminal.coloured, terminal_matrix.coloured])
def test_fault_62_colours_are_ours(draw: Callable[[Report, int], str]) -> None:
    """On a terminal the only control sequences are colours, and markup of names colours nothing."""
    text = draw(hostile(), 120)
    assert not _OBEYED.search(_COLOURS.sub("", text))
    assert "[bold red]markup" in re.sub(r"\s+", " ", _COLOURS.sub("", text))


def test_fault_63_sarif() -> None:
    """Every URI is encoded, no message holds a link, and every location has a line."""
    (run,) = json.loads(sarif.render(hostile()))["runs"]
    for result in run["results"]:
        assert "](" not in result["message"]["text"]
        for location in result["locations"]:
            physical = location["physicalLocation"]
            assert re.fullmatch(r"[\w/:?#@!$&'()*+,;=%~.\-]+", physical["artifactLocation"]["uri"], re.ASCII)
            assert physical["region"]["startLine"] >= 1


@pytest.mark.parametrize("first", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u200b=1"])
def test_fault_64_formulas(first: str) -> None:
    """No cell of the CSV is calculated by a spreadsheet, and a quote before it is all that is added."""
    rows = list(csv.reader(io.StringIO(matrix_csv.render(poisoned(leaky(), first)))))
    assert all(not cell.lstrip().startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert any(first.strip("\u200b\t\r ")[1:] in cell for row in rows for cell in row)


@pytest.mark.parametrize("command", ["diff", "score", "scan", "matrix"])
def test_fault_65_line_breaks(command: str, tmp_path: Path) -> None:
    """A file whose name breaks lines gets one line of an error, which commands neither a terminal nor a pipeline."""
    name = str(tmp_path / "a\r\n::error::x\x1b[2J")
    done = CliRunner().invoke(main, [command, name, *([name] if command == "diff" else [])])
    assert done.exit_code == 2
    assert not _OBEYED.search(done.output)
    assert "\n::error" not in done.output


def test_fault_66_xml() -> None:
    """The document parses, and what the attacks wrote is text in it."""
    tree = ElementTree.fromstring(junit.render(hostile()))
    assert {element.tag for element in tree.iter()} == {
        "testsuites", "testsuite", "testcase", "failure", "skipped", "error", "system-out"
    }  # fmt: skip
    assert "]]><evil/>&evil;" in "".join(element.text or "" for element in tree.iter("failure"))


def test_fault_67_suppressed_findings_are_shown() -> None:
    """Every format for findings shows the suppressed ones: a report must not hide what a comment took out."""
    for name in ("terminal", "json", "sarif", "html", "junit", "markdown"):
        text = re.sub(r"\s+", " ", FORMATS[name](silenced()))
        assert "waits for the new gateway" in text
        assert "BT205" in text


def _diff(tmp_path: Path, old: str, new: str) -> Result:
    for name, text in (("old.json", old), ("new.json", new)):
        (tmp_path / name).write_text(text)
    return CliRunner().invoke(main, ["diff", str(tmp_path / "old.json"), str(tmp_path / "new.json")])


def test_fault_68_reports(tmp_path: Path) -> None:
    """A report that was changed, cut or is of another version is refused in one line, with its name."""
    whole = json_reporter.render(leaky())
    for other in (
        whole.replace('"critical"', '"low"'),
        whole[: len(whole) // 2],
        whole.replace('"schema_version": "1.3"', '"schema_version": "9.0"'),
        sarif.render(leaky()),
    ):
        done = _diff(tmp_path, whole, other)
        assert done.exit_code == 2
        assert "new.json: " in done.output


def test_fault_68_exit_statuses(tmp_path: Path) -> None:
    """0 without new findings, 1 with some, 3 where the new scan is not whole."""
    whole = replace(leaky(), failures=())
    fewer = replace(whole, findings=whole.findings[1:])
    texts = {name: json_reporter.render(report) for name, report in (("whole", whole), ("fewer", fewer))}
    assert _diff(tmp_path, texts["whole"], texts["whole"]).exit_code == 0
    assert _diff(tmp_path, texts["whole"], texts["fewer"]).exit_code == 0
    assert _diff(tmp_path, texts["fewer"], texts["whole"]).exit_code == 1
    assert _diff(tmp_path, texts["whole"], json_reporter.render(leaky())).exit_code == 3


def test_fault_68_explained_score(tmp_path: Path) -> None:
    """`stopper score --explain` shows the sum of a report that is whole, and refuses another."""
    path = tmp_path / "report.json"
    path.write_text(json_reporter.render(leaky()))
    done = CliRunner().invoke(main, ["score", "--explain", str(path)])
    assert (done.exit_code, done.output.split("\n")[0]) == (0, "  100  to begin with")
    path.write_text("{}")
    assert CliRunner().invoke(main, ["score", str(path)]).exit_code == 2


@pytest.mark.parametrize(
    "data", [b"{}", b'{"stopper_baseline": 2, "entries": []}', b'{"stopper_baseline": 1}', b"\xff"]
)
def test_fault_68_baselines(data: bytes) -> None:
    """A baseline of another version or form is refused: it must not silence anything by accident."""
    with pytest.raises(baseline.BaselineError):
        baseline.parse(data)
