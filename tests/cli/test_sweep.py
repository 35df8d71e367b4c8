"""`stopper sweep` as it is called: formats, files, exit status, and never a token."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

import stopper.report
from stopper.cli import main
from tests.sweep.corpus import FORMATS, HARMLESS, LEAKS

SCHEMA = json.loads((Path(stopper.report.__file__).parent / "schema" / "report-1.json").read_text())


def sweep(*arguments: str | Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["sweep", *map(str, arguments)])


@pytest.fixture
def leaking(tmp_path: Path) -> Path:
    """Return a folder with every leak in every format."""
    folder = tmp_path / "logs"
    folder.mkdir()
    for written in FORMATS:
        (folder / f"{written.__name__}.log").write_text("\n".join(map(written, LEAKS)) + "\n")
    return folder


def test_no_form_of_report_shows_a_token(leaking: Path, tmp_path: Path) -> None:
    """Terminal, JSON, SARIF and the state: no value of the corpus stands in any, and all are counted (L01)."""
    kept = tmp_path / "state.json"
    outputs = [tmp_path / name for name in ("a.json", "a.sarif", "a.txt")]
    result = sweep(leaking, "--resume", kept, *(word for path in outputs for word in ("-o", path)))
    assert result.exit_code == 1
    texts = [result.output, kept.read_text(), *(path.read_text() for path in outputs)]
    for text in texts:
        assert not [leak.form for leak in LEAKS if leak.value in text]
    report = json.loads(outputs[0].read_text())
    jsonschema.validate(report, SCHEMA)
    tokens = [finding for finding in report["findings"] if "****" not in finding["message"]]
    assert all(f"seen {len(FORMATS)} times" in finding["message"] for finding in tokens)
    assert len({finding["fingerprint"] for finding in report["findings"]}) == len(report["findings"])
    results = json.loads(outputs[1].read_text())["runs"][0]["results"]
    assert {each["ruleId"] for each in results} == {"BT315"} and len(results) == len(report["findings"])


def test_the_exit_status_says_what_became_of_it(leaking: Path, tmp_path: Path) -> None:
    """0 clean, 1 found, 3 where something was not read, found or not; 2 for a command that makes no sense."""
    quiet = tmp_path / "quiet.log"
    quiet.write_text("\n".join(HARMLESS))
    assert sweep(quiet).exit_code == 0
    assert sweep(quiet, leaking).exit_code == 1
    assert sweep(quiet, leaking, tmp_path / "missing").exit_code == 3
    assert sweep(quiet, tmp_path / "missing").exit_code == 3
    assert sweep(quiet, "--revoke").exit_code == 2
    assert sweep(quiet, "env:NOT_SET_ANYWHERE").exit_code == 2
    assert sweep(quiet, "--resume", quiet).exit_code == 2
    assert sweep().exit_code == 2


def test_what_was_not_read_is_said(tmp_path: Path) -> None:
    """The file is named with its reason, and a report says that it is incomplete."""
    (tmp_path / "cut.gz").write_bytes(b"\x1f\x8b\x08\x00")
    result = sweep(tmp_path)
    assert "NOT looked at: 1" in result.output and "cut.gz: broken or cut off" in result.output
    report = json.loads(sweep(tmp_path, "--format", "json").output)
    assert report["incomplete"] == "not everything was read" and report["skips"][0]["why"] == "broken or cut off"


def test_a_folder_that_holds_the_state_is_swept_without_it(tmp_path: Path) -> None:
    """The state may lie in the folder that is swept: it is no part of what is read."""
    (tmp_path / "a.log").write_text("quiet\n")
    kept = tmp_path / "state.json"
    assert sweep(tmp_path, "--resume", kept).output == sweep(tmp_path, "--resume", kept).output.replace("0.0", "0.0")
    assert list(json.loads(kept.read_text())["reached"].values()) == [{"offset": 6, "line": 2}]
