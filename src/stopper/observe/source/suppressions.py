"""Comments that suppress a finding where it stands: `# stopper: ignore[BT205] why`, several ids parted by commas.

A comment speaks for its line. On the first or last line of a statement that is broken over several, it speaks for the
whole statement (for `if`, `def` and the like: for the line of its head). A text that holds the words is no comment.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import replace

from stopper.model import Ignore, Place
from stopper.observe.source import files
from stopper.observe.source.notebook import read_notebook

_WORD = b"stopper:"
_COMMENT = re.compile(r"#\s*stopper:\s*ignore\b(?:\s*\[([^\]]*)\])?([^#]*)")
_TELLING = re.compile(r"\w")
_BETWEEN = (tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def suppressions(path: str, source: bytes) -> tuple[Ignore, ...]:
    """Return the suppressing comments of a file: Python, or a list of packages, in which `#` begins a comment too.

    Of a file that breaks off, those before the break.
    """
    if _WORD not in source:
        return ()
    if path.endswith(files.NOTEBOOK):
        return tuple(_in_notebook(path, source))
    try:
        text = files.decode_anyhow(source)
    except files.UnreadableError:
        return ()
    return tuple(_in_python(path, text) if path.endswith(files.KINDS) else _in_lines(path, text))


def _in_notebook(path: str, source: bytes) -> Iterator[Ignore]:
    """Yield the comments of the cells, at the lines that they have in the file."""
    try:
        notebook = read_notebook(source)
    except files.UnreadableError:
        return
    for found in _in_python(path, notebook.code):
        line, first, last = (notebook.rows[number - 1] for number in (found.place.line, found.first, found.last))
        yield replace(found, place=Place(path, line), first=first, last=last)


def _in_lines(path: str, text: str) -> Iterator[Ignore]:
    for number, line in enumerate(text.split("\n"), 1):
        yield from _read(path, line, number, number, number)


def _in_python(path: str, text: str) -> Iterator[Ignore]:
    """Yield the comments statement by statement: a NEWLINE token ends one, however many lines it has."""
    first = 0
    comments: list[tokenize.TokenInfo] = []
    for token in _tokens(text):
        if token.type == tokenize.COMMENT:
            comments.append(token)
        elif token.type not in _BETWEEN and not first:
            first = token.start[0]
        if token.type == tokenize.NEWLINE or not first:
            for comment in comments:
                yield from _spoken(path, comment, first or token.start[0], token.start[0])
            first, comments = 0, []
    for comment in comments:
        yield from _spoken(path, comment, 0, 0)


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):
        return


def _spoken(path: str, comment: tokenize.TokenInfo, first: int, last: int) -> Iterator[Ignore]:
    """Yield what a comment in the statement of these lines says; on a line between them it speaks for that line."""
    line = comment.start[0]
    if line not in (first, last):
        first = last = line
    yield from _read(path, comment.string, line, first, last)


def _read(path: str, text: str, line: int, first: int, last: int) -> Iterator[Ignore]:
    found = _COMMENT.search(text)
    if found:
        controls = tuple(each.strip().upper() for each in (found[1] or "").split(",") if each.strip())
        reason = found[2].strip(" \t:-\u2013\u2014")
        yield Ignore(Place(path, line), first, last, controls, reason if _TELLING.search(reason) else "")
