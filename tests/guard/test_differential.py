"""The guard's reader of signed tokens beside joserfc and PyJWT: it accepts nothing that one of them refuses."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings

from scripts import fuzz_jose

TOKENS = int(os.environ.get("STOPPER_FUZZ") or 3000)
"""How many tokens the mutator makes in a run of the tests; `make fuzz-jose` makes 20,000 and more."""

pytestmark = pytest.mark.filterwarnings(
    "ignore::joserfc.errors.SecurityWarning", "ignore::jwt.warnings.InsecureKeyLengthWarning"
)


def test_the_mutator_finds_nothing_that_only_the_guard_accepts() -> None:
    """V01 V18 V19 V21: of thousands of bent tokens none is accepted that another reader refuses or reads apart."""
    seed = time.time_ns()
    result = fuzz_jose.compare(fuzz_jose.mutants(seed), TOKENS)
    assert result.differences == (), f"seed {seed}"
    assert result.tokens == TOKENS
    assert TOKENS / 20 < result.accepted["guard"] <= min(result.accepted["joserfc"], result.accepted["PyJWT"])


@given(fuzz_jose.CHOICES, fuzz_jose.PAYLOADS)
@settings(max_examples=300, deadline=None)
def test_hypothesis_finds_nothing_that_only_the_guard_accepts(chance: random.Random, payload: bytes | None) -> None:
    """V01: the same with choices and claims of hypothesis, which shrinks what tells the readers apart."""
    assert fuzz_jose.difference(fuzz_jose.mutant(chance, payload), Counter()) == ""


@pytest.mark.parametrize("seed", range(3))
def test_the_comparison_would_notice(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader as loose as PyJWT alone, or one that reads other claims, is told apart within a few hundred tokens."""
    loose = {**fuzz_jose.READERS, "guard": fuzz_jose.pyjwt_reads}
    monkeypatch.setattr(fuzz_jose, "READERS", loose)
    assert fuzz_jose.compare(fuzz_jose.mutants(seed), 500).differences

    def careless(case: fuzz_jose.Case) -> dict[str, Any] | None:
        claims = fuzz_jose.guard_reads(case)
        return None if claims is None else {**claims, "sub": "admin"}

    monkeypatch.setattr(fuzz_jose, "READERS", {**loose, "guard": careless})
    assert fuzz_jose.compare(fuzz_jose.mutants(seed), 500).differences
