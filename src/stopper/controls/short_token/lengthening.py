"""Makes what a credential is made of longer, where one number in the source says how long it is."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

from stopper.controls.short_token.entropy import entropy
from stopper.observe.source import Module
from stopper.observe.source.flows import last_name
from stopper.observe.source.rewriting import named, replaced
from stopper.rewrite import Change

_MAKERS = frozenset(
    "token_hex token_urlsafe token_bytes urandom gen_salt generate_token get_random_string get_random_bytes".split()
)
"""Functions whose first argument is a length."""


def lengthened(module: Module, value: ast.expr, bits: int) -> tuple[Change, ...]:
    """Return the changes after which an expression holds so many random bits; none where they are not sure."""
    found = entropy(module, value)
    cuts = [node for node in ast.walk(value) if isinstance(node, ast.Subscript)]
    if found is None or len(cuts) > 1:
        return ()
    if cuts:
        return _cut_later(module, cuts[0], bits)
    lengths = list(_lengths(value))
    # What a value holds grows with its one length; with several, or one that a name stands for, it is not told which.
    if len(lengths) != 1:
        return ()
    (length,) = lengths
    return (replaced(module, length, str(math.ceil(int(str(length.value)) * bits / found.bits))),)


def _lengths(value: ast.expr) -> Iterator[ast.Constant]:
    """Yield the numbers that say how many random units are asked for."""
    for call in ast.walk(value):
        if not isinstance(call, ast.Call):
            continue
        given: list[ast.expr] = []
        if last_name(call) in _MAKERS:
            given = [*call.args[:1], *(each.value for each in call.keywords if each.arg in ("nbytes", "length"))]
        elif last_name(call) == "choices":
            given = [each.value for each in call.keywords if each.arg == "k"]
        elif last_name(call) == "range" and len(call.args) == 1:
            given = call.args
        yield from (each for each in given if isinstance(each, ast.Constant) and type(each.value) is int)


def _cut_later(module: Module, cut: ast.Subscript, bits: int) -> tuple[Change, ...]:
    """Leave more of a text that is cut, where the whole holds enough; a UUID never does."""
    whole = entropy(module, cut.value)
    if "uuid4" in ast.unparse(cut.value):
        text, imports = named(module, "secrets.token_hex")
        return replaced(module, cut, f"{text}({math.ceil(bits / 8)})"), *imports
    piece = cut.slice
    if whole is None or whole.bits < bits or not whole.each or not isinstance(piece, ast.Slice):
        return ()
    if piece.lower is None and isinstance(piece.upper, ast.Constant):
        return (replaced(module, piece.upper, str(math.ceil(bits / whole.each))),)
    return ()


_TEXT_TYPES = frozenset({"String", "Unicode", "VARCHAR", "CHAR", "CharField", "mapped_column"})


def room(module: Module, name: str) -> int | None:
    """Return how many letters the narrowest column of this name in the project holds, None where nothing limits it."""
    sizes = [
        size
        for other in module.project.holding(name)
        for assign in other.nodes(ast.Assign, ast.AnnAssign)
        if assign.value is not None and _names(assign) == name and isinstance(other.parent(assign), ast.ClassDef)
        for size in _sizes(assign.value)
    ]
    return min(sizes, default=None)


def _names(assign: ast.Assign | ast.AnnAssign) -> str:
    target = assign.targets[0] if isinstance(assign, ast.Assign) else assign.target
    return target.id if isinstance(target, ast.Name) else ""


def _sizes(column: ast.expr) -> Iterator[int]:
    for call in ast.walk(column):
        if isinstance(call, ast.Call) and last_name(call) in _TEXT_TYPES:
            told = [*call.args[:1], *(each.value for each in call.keywords if each.arg in ("length", "max_length"))]
            yield from (each.value for each in told if isinstance(each, ast.Constant) and type(each.value) is int)
