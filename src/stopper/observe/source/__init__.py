"""The source witness: Python files read without being run.

`read_project(files)` takes (path, bytes) pairs from the io layer and gives a `Project`; controls get its `Module`s.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.observe.source.constants import UNKNOWN
from stopper.observe.source.files import FileState, State
from stopper.observe.source.module import Module, Project
from stopper.observe.source.names import Definition, External, Instance, Package, Target
from stopper.observe.source.routing import View
from stopper.observe.source.syntax import Function, uncollected, within

__all__ = [
    "UNKNOWN",
    "Definition",
    "External",
    "FileState",
    "Function",
    "Instance",
    "Module",
    "Package",
    "Project",
    "State",
    "Target",
    "View",
    "read_project",
    "uncollected",
    "within",
]


def read_project(files: Iterable[tuple[str, bytes]], name: str = "") -> Project:
    """Return the project made of these files: (path relative to the scanned folder, bytes) each.

    `name` is the scanned folder's own name: where that folder is a package, its modules import each other by it.
    Never raises for what a file holds: `Project.files` has a state for every one.
    """
    return Project(files, name)
