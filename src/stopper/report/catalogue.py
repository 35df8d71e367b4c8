"""The catalogue in words: what `stopper controls` lists and what `stopper explain` shows of one control.

Rich is imported only where it is used: the list must be there at once.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Collection, Mapping
from typing import TextIO

from stopper.model import Control

LETTERS = {
    "spec": "P",
    "wire": "W",
    "mutate": "M",
    "probe": "C",
    "source": "S",
    "manifest": "S",
    "configuration": "S",
    "frontend": "S",
    "app": "A",
    "joint": "J",
    "rest": "R",
    "fix": "F",
}
"""How `stopper controls` names the hooks that a control has."""

LEGEND = (
    "asks: P the specification, W traffic, M with changed credentials, C in a conversation,\n"
    "      S the source with its settings and lists of packages, A the running app, J several of them together,\n"
    "      R what lies at rest (`stopper sweep`); F has a fix"
)

Row = tuple[str, str, str, str, str]
_TITLES: Row = ("id", "name", "severity", "asks", "what is wrong")


def table(controls: Mapping[str, tuple[Control, Collection[str]]]) -> str:
    """Return one line per control, given by id with the names of its hooks: aligned columns under a line of titles."""
    rows = [_TITLES, *(_row(control, hooks) for _, (control, hooks) in sorted(controls.items()))]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    lines = ["  ".join([*map(str.ljust, row, widths), row[-1]]) for row in rows]
    return "\n".join([*lines, "", LEGEND])


def _row(control: Control, hooks: Collection[str]) -> Row:
    letters = "".join(dict.fromkeys(letter for hook, letter in LETTERS.items() if hook in hooks))
    return control.id, control.name, control.severity.value, letters, control.title


def page(control: Control, text: str) -> str:
    """Return a control's page as it was written, under a line that says which control it is."""
    return f"# {_heading(control)}\n\n{text.strip()}"


def page_for(control: Control, text: str, stream: TextIO) -> str:
    """Return a control's page as a stream can show it: set and coloured on a terminal, else as it was written."""
    plain = not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return page(control, text) if plain else coloured_page(control, text, shutil.get_terminal_size().columns)


def coloured_page(control: Control, text: str, width: int) -> str:
    """Return a control's page (Markdown) set for a terminal of `width` columns."""
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.text import Text

    console = Console(
        file=io.StringIO(),
        width=width,
        color_system="standard",
        force_terminal=True,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as capture:
        console.print(Text(_heading(control), style="bold reverse"), "")
        console.print(Markdown(text.strip(), hyperlinks=False, code_theme="ansi_dark"))
    return capture.get().rstrip()


def _heading(control: Control) -> str:
    weaknesses = ", ".join(f"CWE-{number}" for number in control.cwe)
    parts = (control.id, control.name, control.severity.value, weaknesses)
    return " · ".join(part for part in parts if part)
