"""The museum before the source witness: every exhibit is flagged, every repaired twin is silent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scripts import museum_source
from scripts.museum_source import EXHIBITS, Exhibit, finds, requirements, scanned


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)
def test_the_fault_is_flagged_and_the_twin_is_silent(exhibit: Exhibit) -> None:
    """The control that the exhibit was made for finds it by its advisory; of the twin no control says anything."""
    assert finds(exhibit)
    assert not scanned(exhibit.mended).findings


def test_a_missed_exhibit_and_a_loud_twin_would_be_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line counts them, and the status says so."""
    sound = requirements("PyJWT", "2.15.1")
    flawed = requirements("PyJWT", "2.3.0")
    exhibits = (
        Exhibit("missed", "BT215", sound, sound),
        Exhibit("loud", "BT215", flawed, flawed),
        replace(EXHIBITS[0], name="another advisory", advisories=("CVE-1999-0001",)),
    )
    monkeypatch.setattr(museum_source, "EXHIBITS", exhibits)
    assert museum_source.main() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "museum-source: 1 flagged of 3, 2 silent of 3"
