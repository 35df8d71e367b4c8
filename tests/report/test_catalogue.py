"""The list of controls and the page of one."""

from __future__ import annotations

import io
import re
import resource
import subprocess
import sys

import pytest

from stopper.controls import catalogue, find
from stopper.model import Control, Severity
from stopper.report.catalogue import LETTERS, coloured_page, page, page_for, table

HIGH = Control("BT205", "hardcoded_secret", Severity.HIGH, "Secret written in the code", "S F", cwe=(798,))
LOW = Control("BT106", "hsts_weak", Severity.LOW, "Weak HSTS", "W S A")


def test_table_shows_the_hooks_that_are_there() -> None:
    """A control is listed with the letters of the hooks that it has, not of those that it plans."""
    lines = table({"BT205": (HIGH, ("source",)), "BT106": (LOW, ("app", "wire"))}).split("\n")
    assert lines[:3] == [
        "id     name              severity  asks  what is wrong",
        "BT106  hsts_weak         low       WA    Weak HSTS",
        "BT205  hardcoded_secret  high      S     Secret written in the code",
    ]


def test_every_hook_has_a_letter() -> None:
    """Each hook that the catalogue knows can be listed, in the legend too."""
    from stopper.controls import HOOKS

    assert set(LETTERS) == set(HOOKS)
    legend = table({}).split("asks:")[1]
    assert all(re.search(rf"\b{letter}\b", legend) for letter in LETTERS.values())


def test_an_empty_catalogue_is_a_line_of_titles() -> None:
    """A table without controls has its titles and no error."""
    assert table({}).startswith("id  name  severity  asks  what is wrong\n")


def test_page_is_the_text_under_a_heading() -> None:
    """A page says which control it is of, then stands as written; coloured it holds the same words."""
    text = "One line.\n\n## Bad\n\n    app.run(debug=True)\n"
    assert (
        page(HIGH, text)
        == "# BT205 · hardcoded_secret · high · CWE-798\n\nOne line.\n\n## Bad\n\n    app.run(debug=True)"
    )
    shown = re.sub(r"\x1b\[[0-9;]*m", "", coloured_page(HIGH, text, 60)).split()
    assert shown == ["BT205", "·", "hardcoded_secret", "·", "high", "·", "CWE-798"] + [
        word for word in text.split() if word != "##"
    ]


def test_every_page_of_the_catalogue_can_be_shown() -> None:
    """No control's page breaks the terminal's rendering."""
    for entry in catalogue().values():
        assert entry.control.id in coloured_page(entry.control, entry.page, 80)


def test_listing_needs_no_rich() -> None:
    """The list is there at once: rich is not imported for it."""
    code = "import sys, stopper.report.catalogue as c; c.table({}); sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_listing_takes_less_than_half_a_second() -> None:
    """`stopper controls` uses less than 0.5 s of processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", "from stopper.cli import main; main(['controls'])"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.startswith("id ")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_page_is_coloured_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets the set page, a pipe and NO_COLOR the page as it was written."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    control = find("BT103")
    assert "\x1b[" in page_for(control.control, control.page, Terminal())
    plain = page(control.control, control.page)
    assert page_for(control.control, control.page, io.StringIO()) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert page_for(control.control, control.page, Terminal()) == plain
