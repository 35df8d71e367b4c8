"""Jupyter notebooks: the code cells of a file as one program, every line of it at its own line of the file.

What is no Python is neutralised: a magic (`%cd`, `!pip`, `name?`) becomes `pass`, what it would give becomes `None`,
and a cell that begins with `%%` in another language is left out (nbformat 3 and 4; IPython's "magic commands").
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from stopper.observe.source.files import UnreadableError, decode, parse
from stopper.observe.spec.json_reader import read_json
from stopper.observe.spec.node import Budget, Node, Problems, Source, SpecError

_MAGIC = re.compile(r"^([ \t]*)(?:[%!?].*|[\w.]+\?\??[ \t]*)$", re.M)
_ASSIGNED = re.compile(r"^([ \t]*[\w., ]+=[ \t]*)[%!].*$", re.M)
_CELL_MAGIC = re.compile(r"\s*%%(?!time\b|timeit\b|capture\b|prun\b)")
"""How a cell of another language begins; those that only watch Python run are none."""


@dataclass(slots=True)
class Notebook:
    """A notebook's code: its lines, and for each of them the line of the file and the number of the cell, from 1."""

    lines: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)

    @property
    def code(self) -> str:
        """Return the cells as one program."""
        return "\n".join(self.lines)

    @property
    def shown(self) -> str:
        """Return a text of which each line tells the code at that line of the file, and the cell."""
        rows = [""] * max(self.rows, default=0)
        for line, row, cell in zip(self.lines, self.rows, self.cells, strict=True):
            rows[row - 1] += f" {line}" if rows[row - 1] else f"cell {cell}: {line}"
        return "\n".join(rows)

    def placed(self, tree: ast.Module) -> ast.Module:
        """Give the nodes of the program's tree the lines that they have in the file."""
        for node in ast.walk(tree):
            for name in ("lineno", "end_lineno"):
                line = getattr(node, name, None)
                if line is not None:
                    setattr(node, name, self.rows[min(line, len(self.rows)) - 1])
        return tree


def read_notebook(source: bytes) -> Notebook:
    """Return the code of a notebook. Raises UnreadableError where it is none, or none in Python."""
    text = decode(source)
    try:
        root = read_json(Source("", text), Budget(), Problems())
    except SpecError:
        raise UnreadableError("no valid JSON, so no notebook") from None
    if _language(root) not in ("", "python"):
        raise UnreadableError("a notebook in another language than Python")
    starts = [0] + [match.end() for match in re.finditer("\n", text)]
    made = Notebook()
    for number, cell in enumerate(_code_cells(root), 1):
        written = [(bisect_right(starts, node.offset), line) for node in _source(cell) for line in _split(node)]
        for (row, _), line in zip(written, _python([line for _, line in written]), strict=True):
            made.rows.append(row)
            made.lines.append(line)
            made.cells.append(number)
    return made


def _language(root: Node) -> str:
    metadata = root.get("metadata") or root
    told = [metadata.get("kernelspec"), metadata.get("language_info")]
    names = [told[0].text_of("language") if told[0] else "", told[1].text_of("name") if told[1] else ""]
    return next((name.lower().rstrip("23") for name in names if name), "")


def _code_cells(root: Node) -> Iterator[Node]:
    sheets = root.get("worksheets")
    for sheet in sheets.items if sheets else (root,):
        cells = sheet.get("cells")
        yield from (cell for cell in (cells.items if cells else ()) if cell.text_of("cell_type") == "code")


def _source(cell: Node) -> list[Node]:
    source = cell.get("source") or cell.get("input")
    if source is None:
        return []
    return list(source.items) or [source]


def _split(node: Node) -> list[str]:
    """Return the lines of one string: mostly one, with its line break."""
    return node.text.removesuffix("\n").split("\n")


def _python(lines: list[str]) -> list[str]:
    """Return a cell's lines as Python, as many as they were."""
    code = "\n".join(lines)
    if _CELL_MAGIC.match(code):
        return [""] * len(lines)
    try:
        parse(code)
    except UnreadableError:
        code = _ASSIGNED.sub(r"\1None", _MAGIC.sub(r"\1pass", code))
    return code.split("\n")
