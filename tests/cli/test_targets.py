"""Targets are told apart by looking; what is none is named in one line."""

from __future__ import annotations

import pytest

from stopper.cli.targets import TargetError, told_apart


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("nosuch", "nosuch"),
        ("https:/ada:hunter2pass@shop.test/api", "…@shop.test/api"),
        ("ada:hunter2pass@shop.test", "…@shop.test"),
        ("htps://ada:p@hunter2pass@shop.test", "…@shop.test"),
    ],
)
def test_what_is_no_target_is_named_without_its_password(word: str, shown: str) -> None:
    """A misspelt address is repeated from its host on."""
    with pytest.raises(TargetError) as refused:
        told_apart([word])
    assert str(refused.value) == f"{shown}: no such file or folder, and neither a URL nor module:app"
