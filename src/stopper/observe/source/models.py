"""The columns of a project's model classes: SQLAlchemy, peewee, MongoEngine."""

from __future__ import annotations

import ast
import re
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stopper.observe.source.flows.library import PLAIN_COLUMNS
from stopper.observe.source.flows.spelling import last_name
from stopper.observe.source.names import Definition

if TYPE_CHECKING:
    from stopper.observe.source.module import Project

_SPEAKS = ("Column", "mapped_column", "Field(")
_FOUND: weakref.WeakKeyDictionary[Project, dict[str, list[tuple[Definition, ast.Call]]]] = weakref.WeakKeyDictionary()
_MAKERS = frozenset({"Column", "mapped_column", "CharField", "TextField", "StringField", "FixedCharField"})


def column(kind: Definition, name: str) -> ast.Call | None:
    """Return the call that makes a class's own column of this name."""
    fields = _fields(kind.node) if isinstance(kind.node, ast.ClassDef) else iter(())
    return next((made for field, made in fields if field == name), None)


def _fields(owner: ast.ClassDef) -> Iterator[tuple[str, ast.Call]]:
    for statement in owner.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Call):
            written = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            if isinstance(written, ast.Name):
                yield written.id, statement.value


def plain(made: ast.Call) -> bool:
    """Tell whether a column's type keeps text as it is, so that it is compared letter by letter."""
    if last_name(made) not in _MAKERS:
        return False
    kinds = [last_name(argument) for argument in made.args if last_name(argument)]
    return not kinds or any(kind in PLAIN_COLUMNS for kind in kinds)


def with_column(project: Project, name: str) -> list[tuple[Definition, ast.Call]]:
    """Return the classes of a project that have a field of this name, with the call that makes it."""
    found = _FOUND.setdefault(project, {})
    if name not in found:
        given = re.compile(rf"\b{re.escape(name)}[\s\\]*[:=]")
        found[name] = [
            (Definition(module, node), made)
            for module in project.holding(name)
            if any(word in module.text for word in _SPEAKS) and given.search(module.text)
            for node in module.nodes(ast.ClassDef)
            for field, made in _fields(node)
            if field == name
        ]
    return found[name]


def overloaded(project: Project, name: str) -> bool:
    """Tell whether each column of this name has a type of its own, which may hash or compare in its own way.

    So it is with a property of this name that answers with an object of the project's own.
    """
    if any(_makes_object(each) for each in _properties(project, name)):
        return True
    found = [made for _, made in with_column(project, name)]
    kept = [made for made in found if last_name(made) == "Column" or last_name(made).endswith(("_column", "Field"))]
    return bool(kept) and not any(plain(made) for made in kept)


def _properties(project: Project, name: str) -> Iterator[Definition]:
    """Yield the properties of this name of the project's classes, SQLAlchemy's hybrid ones too."""
    for module in project.holding(f"def {name}("):
        for function in module.nodes(ast.FunctionDef):
            if any(last_name(mark).endswith("property") for mark in function.decorator_list):
                yield Definition(module, function)


def _makes_object(read: Definition) -> bool:
    """Tell whether a property answers with a new object of a class of the project that has an equality of its own."""
    if not isinstance(read.node, ast.FunctionDef):
        return False
    for answer in read.module.returns(read.node):
        made = read.module.resolve(answer.value.func) if isinstance(answer.value, ast.Call) else None
        body = made.node.body if isinstance(made, Definition) and isinstance(made.node, ast.ClassDef) else []
        if any(isinstance(each, ast.FunctionDef) and each.name == "__eq__" for each in body):
            return True
    return False
