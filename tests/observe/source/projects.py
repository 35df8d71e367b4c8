"""Small projects for the tests of the source witness, written as they would lie in a folder."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from stopper.observe.source import Module, Project, read_project


def package(files: dict[str, str]) -> Project:
    """Return a project of files given by path."""
    return read_project((path, textwrap.dedent(text).encode()) for path, text in files.items())


def module(text: str) -> Module:
    """Return the one module of a project."""
    (only,) = package({"app.py": text}).modules
    return only


def named(owner: Project, path: str) -> Module:
    """Return the analysed module at a path."""
    return next(each for each in owner.modules if each.path == path)


def marked(each: Module, name: str = "here") -> ast.expr:
    """Return the first argument of the call of a function of this name."""
    return next(node.args[0] for node in _calls(each) if isinstance(node.func, ast.Name) and node.func.id == name)


def _calls(each: Module) -> Iterator[ast.Call]:
    return each.nodes(ast.Call)
