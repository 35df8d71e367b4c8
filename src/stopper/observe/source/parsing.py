"""From the bytes of a file of any kind that holds Python to its text and tree, whole or in part."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from stopper.observe.source.files import NOTEBOOK, UnreadableError, decode, decode_anyhow, parse
from stopper.observe.source.notebook import read_notebook
from stopper.observe.source.recovery import recover


@dataclass(frozen=True, slots=True)
class Parsed:
    """What is read of a file; `lost` says why only some of its lines could be, and is empty where all were."""

    text: str
    tree: ast.Module
    lost: str = ""


def read_source(path: str, source: bytes) -> Parsed:
    """Return the text and tree of a file whose name tells its kind. Raises UnreadableError where nothing can be read.

    The lines of both are those of the file, a notebook's too.
    """
    if not path.endswith(NOTEBOOK):
        return _read(source)
    notebook = read_notebook(source)
    if not notebook.lines:
        return Parsed("", ast.Module([], []))
    parsed = _read(notebook.code.encode())
    lost = parsed.lost and "its cells are not all Python: pattern rules only, line by line"
    return Parsed(notebook.shown, notebook.placed(parsed.tree), lost)


def _read(source: bytes) -> Parsed:
    try:
        text = decode(source)
        return Parsed(text, parse(text))
    except UnreadableError as error:
        why = error
    try:
        text = decode_anyhow(source)
        return Parsed(text, recover(text), f"{why}: pattern rules only, line by line")
    except UnreadableError:
        raise why from None
