"""Requirements are answered by tests or reasons, and the checker says which are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import requirements

TABLE = """
| id | requirement | source | who | channel |
|---|---|---|---|---|
| T01 | TLS | RFC | both | wire |
| T02 | no redirect | RFC | G | wire |
| T03 | seen from outside | RFC | S | wire |
"""
REASON = "nobody can show this on one machine alone"


def test_the_table_is_read() -> None:
    """Each row is read with who keeps it; headings are none."""
    assert requirements.demanded(TABLE) == {"T01": "both", "T02": "G", "T03": "S"}


@pytest.mark.parametrize(
    ("tests", "reasons", "wrong"),
    [
        ({"T01": ["a"], "T02": ["b"]}, {}, set()),
        ({"T01": ["a"]}, {"T02": REASON}, set()),
        ({"T01": ["a"]}, {}, {"T02"}),
        ({"T01": ["a"]}, {"T02": ""}, {"T02"}),
        ({"T01": ["a"], "T02": ["b"]}, {"T02": REASON}, {"T02"}),
        ({"T01": ["a"], "T02": ["b"]}, {"T03": REASON}, {"T03"}),
        ({"T01": ["a"], "T02": ["b"], "T99": ["c"]}, {}, {"T99"}),
    ],
)
def test_what_is_not_answered_is_told(tests: dict[str, list[str]], reasons: dict[str, str], wrong: set[str]) -> None:
    """A row without test and reason, a reason without need or words, and an id that does not exist are each told."""
    assert requirements.problems(requirements.demanded(TABLE), tests, reasons).keys() == wrong


def test_only_docstrings_of_tests_count(tmp_path: Path) -> None:
    """An id in a comment, in a helper or in the module's docstring shows nothing."""
    folder = tmp_path / "tests"
    folder.mkdir()
    text = '"""T01"""\n# T02\ndef helper():\n    """T03"""\nclass TestX:\n    async def test_it(self):\n        "T04"\n'
    (folder / "test_x.py").write_text(text)
    assert requirements.tested(folder) == {"T04": ["tests/test_x.py::test_it"]}


def test_every_requirement_of_the_guard_is_answered() -> None:
    """The repository's own answers fit each other: no reason stands for what a test names."""
    tests = requirements.tested(requirements.ROOT / "tests")
    written = requirements.reasons(requirements.UNANSWERED.read_text(encoding="utf-8"))
    assert written
    assert not tests.keys() & written.keys()
