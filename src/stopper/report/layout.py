"""The pieces that the terminal report is laid out with: headings, rows, shortened lists and commands to copy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

LINES_SHOWN = 12
LINE_LENGTH_SHOWN = 1_000
NAMES_SHOWN = 40


def heading(title: str) -> Iterator[RenderableType]:
    """Yield a blank line and a title with a rule behind it."""
    yield ""
    yield Rule(Text(title, style="bold"), align="left", style="dim")


def indented(part: RenderableType, columns: int) -> RenderableType:
    """Return a part moved to the right."""
    return Padding(part, (0, 0, 0, columns))


def shortened(texts: Sequence[str], separator: str = ", ") -> str:
    """Return the first of these texts, which are visible already, and how many more there are."""
    shown = separator.join(map(cut, texts[:NAMES_SHOWN]))
    hidden = len(texts) - NAMES_SHOWN
    return f"{shown} and {hidden} more" if hidden > 0 else shown


def table(rows: Iterable[tuple[str, RenderableType | str]]) -> Table:
    """Return labels with what they stand for beside them."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", min_width=10, no_wrap=True)
    grid.add_column(overflow="fold")
    for label, content in rows:
        grid.add_row(Text(label), Text(content) if isinstance(content, str) else content)
    return grid


def first_lines(text: str) -> list[str]:
    """Return the first lines of a text, and one that says how many more there are."""
    lines = text.split("\n") if text else []
    hidden = len(lines) - LINES_SHOWN
    return [*lines[:LINES_SHOWN], f"… and {hidden} more lines"] if hidden > 0 else lines


def cut(line: str) -> str:
    """Return a line of a length that can still be read."""
    return line if len(line) <= LINE_LENGTH_SHOWN else line[:LINE_LENGTH_SHOWN] + "…"


# Words of a POSIX shell as they stand, quotes and all; a header stays with its option.
_WORD = re.compile(r"""(?:-H )?(?:[^\s'"\\]|\\.|'[^']*+'|"(?:[^"\\]|\\.)*+")++""")


def command_parts(command: str, width: int) -> Iterator[RenderableType]:
    """Break a command between its words, so that it can be copied from a narrow terminal and still runs."""
    words = _WORD.findall(command)
    if " ".join(words) != command:
        words = [command]
    line = "    "
    for position, word in enumerate(words):
        if position and len(line) + len(word) + 3 > width:
            yield _unwrapped(f"{line} \\")
            line = "     "
        line = f"{line} {word}" if line.strip() else f"{line}{word}"
    yield _unwrapped(line)


def _unwrapped(line: str) -> RenderableType:
    # In a group, because a console joins bare texts into one and forgets how they wrap.
    return Group(Text(line, no_wrap=True, overflow="ignore", style="green"))
