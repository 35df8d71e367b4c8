"""Every attack of the museum that can be made here is real, and the guard refuses it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scripts import museum_guard
from scripts.museum_guard import Stage, Verdict


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Return the guarded applications, each made once."""
    return Stage(tmp_path_factory.mktemp("museum"))


@pytest.mark.parametrize("exhibit", museum_guard.EXHIBITS, ids=lambda exhibit: exhibit.__name__)
def test_a_real_attack_is_refused(stage: Stage, exhibit: Callable[[Stage], Verdict]) -> None:
    """V01 V02 V04 V05 V06 V17 V22 V24 V25 V26 V39 G10 G13: a naive verifier falls for it, the guard refuses it."""
    assert exhibit(stage) == (True, True)


def test_an_attack_on_an_open_door_would_be_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage notices a guard that accepts a forged token, and one that accepts no token at all."""
    good = museum_guard.signed({}, museum_guard.claims(), stage.key())
    assert not stage.refuses(good)
    monkeypatch.setattr("stopper.guard.jose.verified", lambda parsed, key: b"{}")
    assert museum_guard.missing_signature(stage)[1] is True  # the form is refused before the signature
    assert museum_guard.zero_ecdsa_signature(stage) == (True, False)
