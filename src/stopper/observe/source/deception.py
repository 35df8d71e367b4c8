"""Source that is not what it looks like: text that turns its direction, names with letters of another alphabet.

Unicode Technical Report 36 and "Trojan Source" (CVE-2021-42574, CVE-2021-42694): the reader of a review sees one
program and Python runs another.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from stopper.observe.source.files import KINDS, PYTHON, UnreadableError, decode_anyhow, parse

MOST = 5
"""Notes about one file; who hides one thing hides many."""

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ALIKE = "аеорсухіјѕԁһԛԝАВЕКМНОРСТУХЅІЈοΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
"""Letters of the Cyrillic and Greek alphabets that look like Latin ones (Unicode's confusables)."""

_LETTER = re.compile(f"[{_ALIKE}]")
_MIXED = re.compile(rf"(?=\w*[A-Za-z])\w*[{_ALIKE}]\w*")


def deceptions(path: str, source: bytes) -> Iterator[str]:
    """Yield where a file of source is not what it looks like; at most a few times, and quoting nothing.

    Bundled scripts are no source: they hold tables of such characters.
    """
    if source.isascii() or not path.endswith(KINDS):
        return
    try:
        text = decode_anyhow(source)
    except UnreadableError:
        return
    found = [*_turned(text), *(_mixed(text) if path.endswith(PYTHON) else ())]
    for line, what in sorted(set(found))[:MOST]:
        yield f"{path}:{line}: {what}"


def _turned(text: str) -> Iterator[tuple[int, str]]:
    if not _TURNING.search(text):
        return
    for number, line in enumerate(text.split("\n"), 1):
        if _TURNING.search(line):
            yield number, "characters that turn the direction of text: what is shown is not what is run"


def _mixed(text: str) -> Iterator[tuple[int, str]]:
    """Yield the names of a program, not its comments and texts, in which letters of two alphabets stand together."""
    if not _LETTER.search(text) or not _MIXED.search(text):  # the first is fast, and most texts end there
        return
    try:
        tree = parse(text)
    except UnreadableError:
        return
    for node in ast.walk(tree):
        names = (getattr(node, part, None) for part in ("id", "attr", "arg", "name"))
        if any(isinstance(name, str) and _MIXED.fullmatch(name) for name in names):
            yield (
                getattr(node, "lineno", 0),
                "a name with letters of two alphabets: it is not the name that it looks like",
            )
