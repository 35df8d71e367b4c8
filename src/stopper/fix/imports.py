"""Imports put among those that a module has, where a sorted list has them, and taken out where nothing uses them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import libcst as cst

_FUTURE, _STANDARD, _FOREIGN, _OWN = range(4)
_Key = tuple[int, bool, str]
_EMPTY = cst.EmptyLine(indent=False)
_Line = cst.SimpleStatementLine | cst.BaseCompoundStatement


def with_import(module: cst.Module, text: str, own: frozenset[str]) -> cst.Module:
    """Return a module with an import, unchanged where it has it; `own` are the top names of the project itself.

    The sections are those of PEP 8: the standard library, other people's code, the project's own, a line between them.
    """
    wanted = cst.parse_statement(text, config=module.config_for_parsing)
    if not isinstance(wanted, cst.SimpleStatementLine):
        raise ValueError(text)
    body = list(module.body)
    first, last = _block(body)
    there = body[first:last]
    for number, line in enumerate(there, first):
        joined = _joined(line, wanted)
        if joined is not None:
            body[number] = joined
            return module.with_changes(body=body)
    key = _key(wanted, own)
    before = [number for number, line in enumerate(there, first) if _key(line, own) <= key]
    at = before[-1] + 1 if before else first
    return _inserted(module, body, at, wanted, (first, last), own)


def without_imports(module: cst.Module, names: frozenset[str]) -> cst.Module:
    """Return a module without the imports, at its top level, that bind these names."""
    body: list[_Line] = []
    carried: Sequence[cst.EmptyLine] | None = None
    for line in module.body:
        left = _without(line, names)
        if left is None:
            carried = _leading(line) if carried is None else carried
            continue
        first = not any(map(_imports, body))
        if carried is not None and _imports(left) and (first or not _opens_with_empty_line(left)):
            left = left.with_changes(leading_lines=carried)
        carried = None
        body.append(left)
    return module.with_changes(body=body)


def _without(line: _Line, names: frozenset[str]) -> _Line | None:
    """Return a line without what it imports by these names, None where nothing is left of it."""
    statement = _imports(line)
    if statement is None or isinstance(statement.names, cst.ImportStar):
        return line
    left = [alias for alias in statement.names if _binds(alias) not in names]
    if len(left) == len(statement.names) or not left:
        return line if left else None
    if left[-1] is not statement.names[-1]:
        left[-1] = left[-1].with_changes(comma=statement.names[-1].comma)
    return line.with_changes(body=[statement.with_changes(names=left)])


def _binds(alias: cst.ImportAlias) -> str:
    """Return the name that an import gives; that of a package inside another one is none that could be unused."""
    name = _alias(alias)
    return name.rpartition(" ")[2] if alias.asname or "." not in name else ""


def _block(body: Sequence[_Line]) -> tuple[int, int]:
    """Return where the first run of imports begins and ends; after the docstring where there is none."""
    start = next((number for number, line in enumerate(body) if _imports(line)), None)
    if start is None:
        after = 1 if body and _is_docstring(body[0]) else 0
        return after, after
    end = start
    while end < len(body) and _imports(body[end]):
        end += 1
    return start, end


def _imports(line: _Line) -> cst.Import | cst.ImportFrom | None:
    """Return the import that a line is, None for another line and for one that holds several statements."""
    if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1:
        only = line.body[0]
        return only if isinstance(only, cst.Import | cst.ImportFrom) else None
    return None


def _is_docstring(line: _Line) -> bool:
    if not isinstance(line, cst.SimpleStatementLine) or not isinstance(line.body[0], cst.Expr):
        return False
    return isinstance(line.body[0].value, cst.SimpleString | cst.ConcatenatedString)


def _inserted(
    module: cst.Module,
    body: list[_Line],
    at: int,
    wanted: cst.SimpleStatementLine,
    block: tuple[int, int],
    own: frozenset[str],
) -> cst.Module:
    """Put the import at its place, with an empty line between two sections and below the block."""
    first, last = block
    section = _key(wanted, own)[0]
    following = body[at] if at < len(body) else None
    together = following is not None and at < last and _key(following, own)[0] == section
    apart = at > first and _key(body[at - 1], own)[0] != section
    above: Sequence[cst.EmptyLine] = ()
    if following is not None and at < last and (at == first or (together and apart)):
        # The line that was the first of its section gives up what keeps it apart from the section above.
        above, below = _divided(_leading(following))
        body[at] = following = following.with_changes(leading_lines=below)
    elif apart or (at > 0 and first == last):
        above = (_EMPTY,)
    if following is not None and not together and not _opens_with_empty_line(following):
        body[at] = following.with_changes(leading_lines=(_EMPTY, *_leading(following)))
    wanted = wanted.with_changes(leading_lines=above)
    body.insert(at, wanted)
    return module.with_changes(body=body)


def _leading(line: _Line) -> Sequence[cst.EmptyLine]:
    lines: Sequence[cst.EmptyLine] = getattr(line, "leading_lines", ())
    return lines


def _divided(lines: Sequence[cst.EmptyLine]) -> tuple[Sequence[cst.EmptyLine], Sequence[cst.EmptyLine]]:
    """Return the lines above a statement up to the last empty one, and the comments that touch the statement."""
    empty = [number for number, line in enumerate(lines) if line.comment is None]
    return (lines[: empty[-1] + 1], lines[empty[-1] + 1 :]) if empty else ((), lines)


def _opens_with_empty_line(line: _Line) -> bool:
    leading = _leading(line)
    return bool(leading) and leading[0].comment is None


def _joined(line: _Line, wanted: cst.SimpleStatementLine) -> _Line | None:
    """Return a line that imports what is wanted besides what it did, None where it is no import from there."""
    there, new = _imports(line), wanted.body[0]
    if isinstance(there, cst.Import) and isinstance(new, cst.Import):
        known = {_alias(alias) for alias in there.names}
        return line if all(_alias(alias) in known for alias in new.names) else None
    if not isinstance(there, cst.ImportFrom) or not isinstance(new, cst.ImportFrom) or _module(there) != _module(new):
        return None
    if isinstance(there.names, cst.ImportStar) or isinstance(new.names, cst.ImportStar):
        return None
    names = list(there.names)
    for alias in new.names:
        if _alias(alias) not in map(_alias, names):
            names = _with_name(there, names, alias)
    return line.with_changes(body=[there.with_changes(names=names)])


def _with_name(
    statement: cst.ImportFrom, names: list[cst.ImportAlias], alias: cst.ImportAlias
) -> list[cst.ImportAlias]:
    """Return the names with one more in its alphabetical place; commas and the last line end stay as they are."""
    place = next((n for n, each in enumerate(names) if _order(each) > _order(alias)), len(names))
    if place < len(names):
        like = names[place].comma
        comma = like if isinstance(like, cst.Comma) and place < len(names) - 1 else names[place - 1].comma
        if not isinstance(comma, cst.Comma) or len(names) == 1:
            comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        return [*names[:place], alias.with_changes(comma=_without_comment(comma)), *names[place:]]
    last = names[-1]
    between: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
    if statement.lpar and isinstance(statement.lpar.whitespace_after, cst.ParenthesizedWhitespace):
        between = statement.lpar.whitespace_after
    if not isinstance(last.comma, cst.Comma):
        return [*names[:-1], last.with_changes(comma=cst.Comma(whitespace_after=between)), alias]
    closing = last.comma.whitespace_after
    if isinstance(closing, cst.ParenthesizedWhitespace) and isinstance(between, cst.ParenthesizedWhitespace):
        between = between.with_changes(first_line=closing.first_line, empty_lines=closing.empty_lines)
    comma = last.comma.with_changes(whitespace_after=between)
    return [*names[:-1], last.with_changes(comma=comma), alias.with_changes(comma=_without_comment(last.comma))]


def _order(alias: cst.ImportAlias) -> tuple[int, str]:
    """Return what import sorters sort names by: constants, then classes, then the rest, each by the alphabet."""
    name = _alias(alias)
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name.lower()


def _without_comment(comma: cst.Comma) -> cst.Comma:
    space = comma.whitespace_after
    if isinstance(space, cst.ParenthesizedWhitespace):
        return comma.with_changes(whitespace_after=space.with_changes(first_line=cst.TrailingWhitespace()))
    return comma


def _key(line: _Line, own: frozenset[str]) -> _Key:
    statement = _imports(line)
    name = _module(statement)
    top = name.partition(".")[0]
    if top == "__future__":
        section = _FUTURE
    elif top in sys.stdlib_module_names:
        section = _STANDARD
    else:
        section = _OWN if not top or top in own else _FOREIGN
    return section, isinstance(statement, cst.ImportFrom), name.lower()


def _module(statement: cst.Import | cst.ImportFrom | None) -> str:
    """Return the dotted name of the module that is imported, with its dots where it is relative."""
    if isinstance(statement, cst.ImportFrom):
        name = cst.Module([]).code_for_node(statement.module) if statement.module else ""
        return "." * len(statement.relative) + name
    return _alias(statement.names[0]) if statement is not None else ""


def _alias(alias: cst.ImportAlias) -> str:
    code = cst.Module([]).code_for_node
    name = code(alias.name)
    return f"{name} as {code(alias.asname.name)}" if alias.asname else name
