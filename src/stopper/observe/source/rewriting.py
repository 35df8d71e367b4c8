"""From what a hook sees in a module to the changes of a rewrite: spans of nodes, names that can be used, imports."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from stopper.model import Place
from stopper.observe.source.module import Module
from stopper.observe.source.names import Definition, Instance
from stopper.observe.source.syntax import Function
from stopper.rewrite import After, Argument, Before, CannotRewriteError, Change, Decorate, Import, Remove, Replace, Span

GUARD_DEPENDENCY = "add `stopper` to what the project depends on"
"""What the person has to do wherever a repair brings the guard in, for `Rewrite.decide`."""


def at(module: Module, place: Place, *types: type[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of these types that begin at a place, outermost first."""
    for node in module.nodes(*types):
        if module.place(node) == place:
            yield node


def span(module: Module, node: ast.AST) -> Span:
    """Return where a node stands. `ast` counts the bytes of UTF-8 (PEP 3120), a span counts characters."""
    line, end_line = node.lineno, node.end_lineno or 0  # type: ignore[attr-defined]  # every expression and statement
    column = _characters(module, line, node.col_offset)  # type: ignore[attr-defined]
    return Span(module.path, line, column, end_line, _characters(module, end_line, node.end_col_offset or 0))  # type: ignore[attr-defined]


def _characters(module: Module, line: int, offset: int) -> int:
    text = module.lines[line - 1]
    return offset if text.isascii() else len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore"))


def written(module: Module, node: ast.AST) -> str:
    """Return an expression as it is written, its comments and line ends too: it can stand between brackets."""
    where = span(module, node)
    lines = module.lines[where.line - 1 : where.end_line]
    lines[-1] = lines[-1][: where.end_column]
    lines[0] = lines[0][where.column :]
    return "\n".join(lines)


def replaced(module: Module, node: ast.expr, text: str) -> Replace:
    """Put an expression in the place of another one."""
    return Replace(span(module, node), text)


def argument(module: Module, call: ast.Call, name: str, text: str) -> Argument:
    """Give a call a keyword argument, in the place of the one of that name if there is one."""
    return Argument(span(module, call), name, text)


def without_argument(module: Module, call: ast.Call, name: str) -> Argument:
    """Take a keyword argument out of a call."""
    return Argument(span(module, call), name)


def before(module: Module, statement: ast.stmt, text: str) -> Before:
    """Put statements before one, written as at the left margin."""
    return Before(span(module, statement), text)


def after(module: Module, statement: ast.stmt, text: str) -> After:
    """Put statements after one, written as at the left margin."""
    return After(span(module, statement), text)


def removed(module: Module, statement: ast.stmt) -> Remove:
    """Take a statement out."""
    return Remove(span(module, statement))


def decorated(module: Module, function: Function | ast.ClassDef, text: str) -> Decorate:
    """Give a function or class a decorator (without the `@`), below those that it has."""
    return Decorate(span(module, function), text)


def statement_of(module: Module, node: ast.AST) -> ast.stmt:
    """Return the statement that a node is part of."""
    while not isinstance(node, ast.stmt):
        parent = module.parent(node)
        if parent is None:
            raise CannotRewriteError("it is part of no statement")
        node = parent
    return node


def named(module: Module, dotted: str, use: ast.expr | None = None) -> tuple[str, tuple[Import, ...]]:
    """Return how a library's name (`hmac.compare_digest`) can be written in a module, and the import that it needs.

    What is imported already is used as it is called there: where `use` is said to stand outside of all functions, what
    is imported above it. Raises CannotRewriteError where every name is taken.
    """
    last_line = use.lineno if use is not None and module.function_of(use) is None else len(module.lines)
    package, _, last = dotted.rpartition(".")
    taken = Counter(_bound(module))
    same = Counter(each for statement in module.nodes(ast.Import, ast.ImportFrom) for each in _imports(statement))
    for statement in module.tree.body:
        for known, meant in _imports(statement) if statement.lineno <= last_line else ():
            if meant in (package, dotted) and taken[known] == same[known, meant]:
                return (f"{known}.{last}" if meant == package else known), ()
    beside = any(isinstance(each, ast.ImportFrom) and each.module == package for each in module.tree.body)
    whole = "." not in package and package not in taken
    if whole and not (beside and last not in taken):
        return dotted, (Import(module.path, f"import {package}"),)
    if last not in taken:
        return last, (Import(module.path, f"from {package} import {last}"),)
    raise CannotRewriteError(f"`{last}` means something else in this file")


def _imports(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """Yield what an import binds: the name here, and the dotted name of what it means."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            whole = alias.name if alias.asname else alias.name.partition(".")[0]  # `import os.path` binds `os`
            yield alias.asname or whole, whole
    elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
        for alias in statement.names:
            yield alias.asname or alias.name, f"{statement.module}.{alias.name}"


def _bound(module: Module) -> Iterator[str]:
    """Yield every name that anything in a module binds, as often as it does, in whatever scope."""
    for node in module.nodes(ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    for alias in module.nodes(ast.alias):
        yield alias.asname or alias.name.partition(".")[0]
    for argument_ in module.nodes(ast.arg):
        yield argument_.arg
    for defined in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
        yield defined.name
    for handler in module.nodes(ast.ExceptHandler):
        yield handler.name or ""
    for caught in module.nodes(ast.MatchAs, ast.MatchStar):
        yield caught.name or ""


def application(module: Module) -> tuple[Module, ast.Assign] | None:
    """Return where the Flask application is made that a module belongs to: in itself, else the only one of all."""
    own = list(_applications(module))
    if own:
        return (module, own[0]) if len(own) == 1 else None
    found = [(each, made) for each in module.project.holding("Flask(") for made in _applications(each)]
    return found[0] if len(found) == 1 else None


def _applications(module: Module) -> Iterator[ast.Assign]:
    for assign in module.nodes(ast.Assign):
        made = isinstance(assign.value, ast.Call) and len(assign.targets) == 1
        if made and isinstance(assign.targets[0], ast.Name) and _is_flask(module, assign.value):
            yield assign


def _is_flask(module: Module, call: ast.expr) -> bool:
    return isinstance(call, ast.Call) and module.qualified(call.func) in ("flask.Flask", "flask.app.Flask")


def guarded(module: Module) -> tuple[Change, ...]:
    """Return the changes that bring the guard into a module's application; none where it is there already.

    Raises CannotRewriteError where it cannot be told which application, or where it is made inside an expression.
    """
    found = application(module)
    if found is None:
        raise CannotRewriteError("it cannot be told where the one Flask application is made")
    home, made = found
    if any(_is_guard(each, call) for each in home.project.holding("Guard(") for call in each.nodes(ast.Call)):
        return ()
    name = ast.unparse(made.targets[0])
    text, imports = named(home, "stopper.guard.Guard")
    # Routes keep the checks that they have: by its own default, the guard would let in nobody but with its own tokens.
    call = f'{text}({name}, default="open")'
    # In a factory nobody else could use the name; at the top, views are decorated with it.
    statement = call if home.function_of(made) else f"guard = {call}"
    return after(home, made, statement), *imports


def _is_guard(module: Module, call: ast.Call) -> bool:
    target = module.resolve(call)
    if isinstance(target, Instance) and isinstance(target.kind, Definition):
        return False
    return module.qualified(call.func) == "stopper.guard.Guard"
