"""A repair that has a table keep the digest of a token, where every statement about that table can be read.

What writes the token and what looks for it have to change together: one statement of the project that is not
understood, and there is no repair.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from stopper.observe.source.constants import UNKNOWN
from stopper.observe.source.flows import credential
from stopper.observe.source.module import Module
from stopper.observe.source.names import Definition
from stopper.observe.source.rewriting import named, replaced, written
from stopper.observe.source.standing import Scope
from stopper.observe.source.syntax import within
from stopper.rewrite import CannotRewriteError, Change

DIGITS = 64
"""Characters of a SHA-256 digest in hexadecimal."""

_INSERT = re.compile(
    r"\s*INSERT\s+(?:OR\s+\w+\s+)?INTO\s+(?P<table>\w+)\s*\((?P<columns>[\w\s,]+)\)\s*"
    r"VALUES\s*\((?P<values>[\s?%s,]+)\)\s*;?\s*",
    re.I,
)
_VERB = re.compile(r"\s*(?:insert|replace|select|update|delete|create|alter|drop|with|merge|truncate)\b", re.I)
_DEFINES = re.compile(r"\s*(?:create|drop)\s+(?:table|index|unique\s+index)\b", re.I)
_HOLE = re.compile(r"\?|%s")


@dataclass(frozen=True, slots=True)
class Kept:
    """A table's column that keeps tokens."""

    table: str
    column: str

    def says(self, text: str) -> bool:
        """Tell whether a text names the table."""
        return re.search(rf"\b{self.table}\b", text, re.I) is not None

    def names_column(self, text: str) -> bool:
        """Tell whether a text names the column."""
        return re.search(rf"\b{self.column}\b", text, re.I) is not None


@dataclass(frozen=True, slots=True)
class _Run:
    """One call that runs a statement with a display of parameters."""

    module: Module
    text: str
    parameters: list[ast.expr]


def by_digest(module: Module, call: ast.Call) -> tuple[Kept, tuple[Change, ...]]:
    """Return the column that a call writes a token to, and the changes that have it keep the digest and look for that.

    Raises CannotRewriteError where a statement about the table is not understood.
    """
    run = _run(module, call)
    inserted = _INSERT.fullmatch(run.text) if run is not None else None
    if run is None or inserted is None:
        raise CannotRewriteError("the statement is not one that writes a row by named columns and parameters")
    columns = [each.strip() for each in inserted["columns"].split(",")]
    holding = [each for each in columns if credential(each) is not None]
    if len(holding) != 1 or len(columns) != len(run.parameters):
        raise CannotRewriteError("it cannot be told which one of the columns keeps the token")
    kept = Kept(inserted["table"], holding[0])
    changes: list[Change] = []
    for other in module.project.holding(kept.table):
        for found, number in _about(other, kept):
            changes.extend(_changed(found.module, found.parameters[number], _INSERT.fullmatch(found.text) is not None))
    return kept, tuple(dict.fromkeys(changes))


def _about(module: Module, kept: Kept) -> Iterator[tuple[_Run, int]]:
    """Yield the statements of a module that give the column a parameter, and which one it is."""
    if not Scope().asks(module.path):
        return
    for constant in module.nodes(ast.Constant):
        text = constant.value
        if not isinstance(text, str) or not kept.says(text) or _is_prose(module, constant, text, kept):
            continue
        if isinstance(module.parent(constant), ast.JoinedStr | ast.BinOp):
            raise CannotRewriteError(f"a statement about {kept.table} is put together in {_line(module, constant)}")
        parts = [part for part in text.split(";") if kept.says(part)]
        if all(_DEFINES.match(part) for part in parts):
            _check_width(text, kept)
        elif len(parts) != 1 or _needs_column(parts[0], kept):
            yield _placed(module, constant, kept)


def _is_prose(module: Module, constant: ast.Constant, text: str, kept: Kept) -> bool:
    """Tell whether a text is no statement; raise where it is the table's bare name, of which anything could be made."""
    if text.strip().lower() == kept.table.lower():
        raise CannotRewriteError(f"{_line(module, constant)} names the table {kept.table} outside of a statement")
    part = re.search(rf"\b(?:from|into|update|join|table)\W+{kept.table}\b", text, re.I)
    return isinstance(module.parent(constant), ast.Expr) or (_VERB.match(text) is None and part is None)


def _needs_column(statement: str, kept: Kept) -> bool:
    """Tell whether a statement touches the column; an answer with all columns does."""
    return (
        kept.names_column(statement)
        or "*" in statement
        or re.match(r"\s*(insert|replace)", statement, re.I) is not None
    )


def _placed(module: Module, constant: ast.Constant, kept: Kept) -> tuple[_Run, int]:
    """Return what runs a statement, and which of its parameters is the column's."""
    text = str(constant.value)
    run = next((each for call in _calls(module, constant) if (each := _run(module, call)) is not None), None)
    number = _number(text, kept)
    if (
        run is None
        or number is None
        or number >= len(run.parameters)
        or len(run.parameters) != len(_HOLE.findall(text))
    ):
        raise CannotRewriteError(f"the statement about {kept.table} in {_line(module, constant)} is not understood")
    return run, number


def _number(text: str, kept: Kept) -> int | None:
    """Return which hole of a statement takes the column's value, None where it does more with the column."""
    inserted = _INSERT.fullmatch(text)
    if inserted is not None:
        columns = [each.strip().lower() for each in inserted["columns"].split(",")]
        return columns.index(kept.column.lower()) if kept.column.lower() in columns else None
    where = re.search(r"\bwhere\b", text, re.I)
    sought = list(re.finditer(rf"\b{kept.column}\s*=\s*(\?|%s)", text, re.I))
    named_so = re.findall(rf"\b{kept.column}\b", text, re.I)
    if where is None or len(sought) != 1 or len(named_so) != 1 or sought[0].start() < where.start():
        return None
    quoted = "'" in text or '"' in text or "*" in text
    return None if quoted else len(_HOLE.findall(text[: sought[0].start(1)]))


def _calls(module: Module, constant: ast.Constant) -> Iterator[ast.Call]:
    """Yield the calls that are given a statement, itself or by the name that it is put under in the same function."""
    parent = module.parent(constant)
    if isinstance(parent, ast.Call) and parent.args[:1] == [constant]:
        yield parent
    if not isinstance(parent, ast.Assign) or len(parent.targets) != 1 or not isinstance(parent.targets[0], ast.Name):
        return
    name, function = parent.targets[0].id, module.function_of(parent)
    uses = [each for each in within(function) if isinstance(each, ast.Name) and each.id == name] if function else []
    loaded = [module.parent(each) for each in uses if isinstance(each.ctx, ast.Load)]
    if len(uses) == 2 and len(loaded) == 1 and isinstance(loaded[0], ast.Call):
        yield loaded[0]


def _run(module: Module, call: ast.Call) -> _Run | None:
    """Return what a call runs, None where statement and parameters do not stand in it."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "execute" or len(call.args) != 2 or call.keywords:
        return None
    text, parameters = module.constant(call.args[0]), call.args[1]
    if text is UNKNOWN or not isinstance(text, str) or not isinstance(parameters, ast.Tuple | ast.List):
        return None
    if any(isinstance(each, ast.Starred) for each in parameters.elts):
        return None
    return _Run(module, text, parameters.elts)


def _check_width(text: str, kept: Kept) -> None:
    """Raise CannotRewriteError where the column is made too narrow for a digest."""
    for width in re.findall(rf"\b{kept.column}\b\s+\w*char\w*\s*\(\s*(\d+)\s*\)", text, re.I):
        if int(width) < DIGITS:
            raise CannotRewriteError(
                f"the column {kept.table}.{kept.column} is too narrow for a digest of 64 characters"
            )


# --------------------------------------------------------------------------- one parameter


def _changed(module: Module, given: ast.expr, writes: bool) -> Iterator[Change]:
    """Yield the changes that put the digest in the place of a token that is a parameter of a statement."""
    text = written(module, given)
    if not _is_text(module, given):
        if writes:
            raise CannotRewriteError("it cannot be told that the token is a text when it is written")
        text = f"str({text})"  # nobody's token: a caller may have sent a number, or nothing
    digest, imports = named(module, "hashlib.sha256")
    yield replaced(module, given, f"{digest}({text}.encode()).hexdigest()")
    yield from imports


_TEXTS = frozenset({"token_urlsafe", "token_hex", "hexdigest", "strip", "lower", "decode", "join", "replace"})


def _is_text(module: Module, given: ast.expr) -> bool:
    """Tell whether an expression is a `str` for sure, so that a method of texts can be called on it."""
    if isinstance(given, ast.Name):
        function = module.function_of(given)
        if function is None:
            return False
        stored = [each for each in within(function) if isinstance(each, ast.Name) and each.id == given.id]
        values = [module.parent(each) for each in stored if isinstance(each.ctx, ast.Store)]
        told = [
            each.annotation for each in ast.walk(function.args) if isinstance(each, ast.arg) and each.arg == given.id
        ]
        if told:
            return not values and isinstance(told[0], ast.Name) and told[0].id == "str"
        return bool(values) and all(isinstance(each, ast.Assign) and _is_text(module, each.value) for each in values)
    if not isinstance(given, ast.Call):
        return isinstance(given, ast.JoinedStr)
    if isinstance(given.func, ast.Attribute) and given.func.attr in _TEXTS:
        return True
    if isinstance(given.func, ast.Name) and given.func.id == "str":
        return True
    target = module.resolve(given.func)
    returned = (
        target.node.returns if isinstance(target, Definition) and isinstance(target.node, ast.FunctionDef) else None
    )
    return isinstance(returned, ast.Name) and returned.id == "str"


def _line(module: Module, node: ast.Constant) -> str:
    return f"{module.path}:{node.lineno}"
