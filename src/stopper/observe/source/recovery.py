"""What can be read of a file that Python's own parser refuses: Python 2, a later Python, Cython, one broken line.

tree-sitter, which refuses nothing, says which rows belong together; each such line is then given to `ast` by itself.
Where `ast` refuses it, something that leads the same way takes its place: `pass`, or a header of the same kind. So the
tree that comes out has Python's own nodes at their own lines, and lacks only what could not be read.
"""

from __future__ import annotations

import ast
import itertools
import re
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stopper.observe.source.files import UnreadableError, parse, weigh

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

LARGEST = 1024 * 1024
"""Characters of text above which nothing is recovered: the second tree takes some 150 bytes for each."""

SECONDS = 5.0
"""Time for the second tree of one file."""

_CHUNK = 1 << 16

_HOLDS_LINES = frozenset(
    "module block ERROR if_statement elif_clause else_clause for_statement while_statement try_statement "
    "except_clause except_group_clause finally_clause with_statement function_definition class_definition "
    "decorated_definition match_statement case_clause".split()
)
"""Nodes whose rows are lines of their own; any other node of several rows is one line written on several."""

_CLAUSE = re.compile(r"(?:elif|else|except|finally|case|try|match)\b(?=[ \t:(*'\"\[{\w-])")
_DEFINED = re.compile(r"(?:async[ \t]+|cpdef[ \t]+|cdef[ \t]+)*(def|class)[ \t]+(\w+)")
_CYTHON_FUNCTION = re.compile(r"c(?:p)?def\b[^=(]*?\b(\w+)[ \t]*\(")
_AROUND = {
    "elif": "if 1: pass\n{}",
    "else": "if 1: pass\n{}",
    "except": "try: pass\n{}",
    "finally": "try: pass\n{}",
    "try": "{}\nfinally: pass",
    "@": "{}\ndef f(): pass",
}
"""What a line needs around it to be read by itself."""

_INSTEAD = {
    "elif": "elif 1:",
    "else": "else:",
    "except": "except Exception:",
    "finally": "finally:",
    "try": "try:",
    "case": "case _:",
}


@dataclass(slots=True)
class _Line:
    """One line of the program, written on the rows from `first` to `last`; `opens` where a deeper one follows."""

    first: int
    last: int
    indent: str
    text: str
    opens: bool = False


def recover(text: str) -> ast.Module:
    """Return the syntax tree of what can be read of a text. Raises UnreadableError where that is nothing."""
    if len(text) > LARGEST:
        raise UnreadableError(f"larger than {LARGEST // 1024} KiB")
    weigh(text)
    rows = [_with_spaces(row) for row in text.split("\n")]
    lines = _nest(rows, _lines(rows))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lost = sum(_mend(rows, line) for line in lines)
        if lost == len(lines):
            raise UnreadableError("no line of it can be read")
        if not _parses("\n".join(rows)):
            _drop_broken_blocks(rows, lines)
    return parse("\n".join(rows))


def _with_spaces(row: str) -> str:
    """Return a row with the tabs before its first word as spaces: Python 2 counted eight to a tab, 3 counts none."""
    bare = row.lstrip(" \t\f")
    return row[: len(row) - len(bare)].replace("\f", "").expandtabs(8) + bare


def _lines(rows: list[str]) -> list[_Line]:
    continued = _continued("\n".join(rows))
    lines: list[_Line] = []
    for number, row in enumerate(rows):
        if number in continued and lines:
            lines[-1].last = number
        elif row.strip() and not row.lstrip().startswith("#"):
            bare = row.lstrip()
            lines.append(_Line(number, number, row[: len(row) - len(bare)], bare))
    for line in lines:
        line.text = "\n".join([line.text, *rows[line.first + 1 : line.last + 1]])
    return lines


def _nest(rows: list[str], lines: list[_Line]) -> list[_Line]:
    """Return the lines that stand in a block, those that open one marked; what begins between two columns goes."""
    nested: list[_Line] = []
    columns = [0]
    for line in lines:
        column = len(line.indent)
        if column > columns[-1] and nested:
            nested[-1].opens = True
            columns.append(column)
        if column not in columns:
            _write(rows, line, "")
            continue
        del columns[columns.index(column) + 1 :]
        nested.append(line)
    return nested


def _continued(text: str) -> set[int]:
    """Return the rows that go on with the line of the row before."""
    continued = {number + 1 for number, row in enumerate(text.split("\n")) if row.endswith("\\")}
    for node in _nodes(_tolerant(text.encode("utf-8", "replace"))):
        if node.type not in _HOLDS_LINES:
            last = node.end_point.row if node.end_point.column else node.end_point.row - 1
            continued.update(range(node.start_point.row + 1, last + 1))
    return continued


def _tolerant(source: bytes) -> Tree:
    """Return tree-sitter's tree. Raises UnreadableError where it is not there in time: mending can be quadratic."""
    # Most projects need none, and loading it would slow every start.
    import tree_sitter_python
    from tree_sitter import Language, Parser

    deadline = time.monotonic() + SECONDS
    try:
        return Parser(Language(tree_sitter_python.language())).parse(
            lambda offset, _: source[offset : offset + _CHUNK],
            progress_callback=lambda _offset, _broken: time.monotonic() > deadline,
        )
    except ValueError:
        raise UnreadableError("takes too long to be read line by line") from None


def _nodes(tree: Tree) -> Iterator[Node]:
    """Yield the nodes of several rows, those below any that is one line left out, without recursion."""
    cursor = tree.walk()
    while True:
        node = cursor.node
        below = False
        if node is not None and node.end_point.row > node.start_point.row:
            yield node
            below = node.type in _HOLDS_LINES and cursor.goto_first_child()
        while not below and not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _mend(rows: list[str], line: _Line) -> bool:
    """Put what can be read in the place of a line that cannot, and tell whether that was needed."""
    if _readable(line):
        return False
    _write(rows, line, _instead(line))
    return True


def _write(rows: list[str], line: _Line, text: str) -> None:
    rows[line.first] = line.indent + text if text else ""
    for number in range(line.first + 1, line.last + 1):
        rows[number] = ""


def _word(line: _Line) -> str:
    if line.text.startswith("@"):
        return "@"
    clause = _CLAUSE.match(line.text)
    return clause.group() if clause else ""


def _readable(line: _Line) -> bool:
    word = _word(line)
    if word == "case" and line.opens:
        alone = "match 1:\n " + line.text + "\n  pass"
    elif word == "match" and line.opens:
        alone = line.text + "\n case _: pass"
    else:
        body = line.text + "\n pass" if line.opens else line.text
        alone = _AROUND.get(word, "{}").format(body) if word else body
    return _parses(alone)


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        return False
    return True


def _instead(line: _Line) -> str:
    """Return what leads the same way as a line that cannot be read."""
    word = _word(line)
    defined = _DEFINED.match(line.text)
    made = _CYTHON_FUNCTION.match(line.text)
    if word == "@":
        return ""
    if word in _INSTEAD:
        header = _INSTEAD[word]
    elif defined:
        header = f"{defined[1]} {defined[2]}():" if defined[1] == "def" else f"class {defined[2]}:"
    elif made:
        header = f"def {made[1]}():"
    elif not line.opens:
        return "pass"
    else:
        header = "if 1:"
    return header if line.opens else header + " pass"


def _drop_broken_blocks(rows: list[str], lines: list[_Line]) -> None:
    """Take out the outermost statements that cannot be read although each of their lines can."""
    starts = [0]
    decorated = False
    for line in lines:
        if not line.indent:
            if not decorated and _word(line) not in ("elif", "else", "except", "finally"):
                starts.append(line.first)
            decorated = _word(line) == "@"
    for start, end in itertools.pairwise([*starts, len(rows)]):
        if not _parses("\n".join(rows[start:end])):
            rows[start:end] = [""] * (end - start)
