"""From the bytes of a file of any kind that holds Python to its text and tree, whole or in part."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from stopper.observe.source.files import NOTEBOOK, UnreadableError, decode, decode_anyhow, parse
from stopper.observe.source.notebook import read_notebook
from stopper.observe.source.recovery import recover


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of a file; `lost` says why only some of its lines could be, and is empty where all were."""

    text: str
    tree: ast.Module
    lost: str = ""


def read_source(path: str, source: bytes) -> Reading:
    """Return the text and tree of a file whose name tells its kind. Raises UnreadableError where nothing can be read.

    The lines of both are those of the file, a notebook's too.
    """
    if not path.endswith(NOTEBOOK):
        return _read(source)
    notebook = read_notebook(source)
    if not notebook.lines:
        return Reading("", ast.Module([], []))
    reading = _read(notebook.code.encode())
    lost = reading.lost and "its cells are not all Python: pattern rules only, line by line"
    return Reading(notebook.shown, notebook.placed(reading.tree), lost)


def _read(source: bytes) -> Reading:
    try:
        text = decode(source)
        return Reading(text, parse(text))
    except UnreadableError as error:
        why = error
    try:
        text = decode_anyhow(source)
        return Reading(text, recover(text), f"{why}: pattern rules only, line by line")
    except UnreadableError:
        raise why from None
