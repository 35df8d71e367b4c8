"""The museum before the live witnesses: exhibits are whole, one is scanned, and what goes wrong is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import museum
from scripts.museum import EXHIBITS, HOME, Exhibit, Outcome, finds, interpreter, loud, scanned, shown
from scripts.serving import certificates
from stopper.controls import catalogue

QUIET = {"control": "BT427", "status": "confirmed", "severity": "advice", "message": "tells apart"}
SUSPECTED = {"control": "BT406", "status": "single witness", "severity": "critical", "message": "confused"}


def test_every_exhibit_is_there() -> None:
    """Each names a control of the catalogue and modules that exist; the two scans of it differ."""
    names = {entry.control.id for entry in catalogue().values()}
    for exhibit in EXHIBITS:
        assert exhibit.control in names
        assert all((HOME / f"{module}.py").is_file() for module in (exhibit.flawed, exhibit.mended))
        assert (exhibit.flawed, exhibit.pins) != (exhibit.mended, exhibit.newer)


def test_a_finding_must_be_confirmed_and_a_twin_free_of_serious_ones() -> None:
    """A suspicion does not flag an exhibit, and it does spoil a twin; advice does neither."""
    report = {"findings": [QUIET, SUSPECTED]}
    assert not finds(report, "BT406")
    assert finds({"findings": [{**SUSPECTED, "status": "confirmed"}]}, "BT406")
    assert loud(report) == ["BT406 confused"]


def test_an_exhibit_is_flagged_and_its_twin_silent(tmp_path: Path) -> None:
    """The whole way, for one that needs no release: served, scanned by the command, judged."""
    certificates(tmp_path)
    (exhibit,) = (exhibit for exhibit in EXHIBITS if exhibit.flawed == "blank_signature")
    assert shown(exhibit, tmp_path) == Outcome(True, ())


def test_an_exhibit_that_does_not_start_is_neither_flagged_nor_silent(tmp_path: Path) -> None:
    """Nothing is clean that was not looked at."""
    certificates(tmp_path)
    outcome = shown(Exhibit("gone", "BT402", "no_such_module", "no_such_module"), tmp_path)
    assert not outcome.flagged
    assert outcome.left


def test_a_scan_that_is_not_whole_is_told(tmp_path: Path) -> None:
    """A scan that ends with an error raises, with its last words."""
    exhibit = Exhibit("gone", "BT402", "no_such_module", "no_such_module", in_process=True)
    with pytest.raises(museum.NotShownError, match="the scan ended with"):
        scanned("no_such_module", interpreter(""), exhibit, tmp_path)


def test_a_missed_exhibit_and_a_loud_twin_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line counts them, and the status says so."""
    outcomes = iter([Outcome(False, ()), Outcome(True, ("BT401 open",)), Outcome(True, ())])
    monkeypatch.setattr(museum, "shown", lambda exhibit, folder: next(outcomes))
    monkeypatch.setattr(museum, "EXHIBITS", EXHIBITS[:3])
    monkeypatch.setattr("sys.argv", ["museum"])
    assert museum.main() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "museum: 2 flagged of 3, 2 silent of 3"
