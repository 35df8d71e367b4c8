"""Places as verdicts show them: the text of the line without the credentials that may be written in it."""

from __future__ import annotations

import ast
import dataclasses
from typing import TYPE_CHECKING

from stopper.model import Place
from stopper.secret import Secret, redact

if TYPE_CHECKING:
    from stopper.observe.source.module import Module


def place(module: Module, node: ast.AST, known: Secret | None = None) -> Place:
    """Return where a node begins, its line's text with credentials hidden: known by form, and the one that is given."""
    where = module.place(node)
    return dataclasses.replace(where, text=redact(where.text, (known,) if known else ()))
