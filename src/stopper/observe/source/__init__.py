"""The source witness: Python files and what stands beside them, read without being run.

`read_project(files)` takes (path, bytes) pairs from the io layer and gives a `Project`; controls get its `Module`s and
its `Manifest`s. `reads(path)` tells by its name whether a file is of a kind that is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stopper.observe.source import configuration, frontend, manifests
from stopper.observe.source.configuration import Configuration
from stopper.observe.source.constants import UNKNOWN
from stopper.observe.source.deception import deceptions
from stopper.observe.source.files import KINDS, FileState, State
from stopper.observe.source.files import LARGEST as LARGEST_SOURCE
from stopper.observe.source.manifests import Manifest, Pin, included
from stopper.observe.source.module import Module, Project
from stopper.observe.source.names import Definition, External, Instance, Package, Target
from stopper.observe.source.routing import View
from stopper.observe.source.syntax import Function, uncollected, within

__all__ = [
    "LARGEST_SOURCE",
    "UNKNOWN",
    "Configuration",
    "Definition",
    "External",
    "FileState",
    "Function",
    "Instance",
    "Manifest",
    "Module",
    "Package",
    "Pin",
    "Project",
    "State",
    "Target",
    "View",
    "deceptions",
    "included",
    "read_project",
    "reads",
    "uncollected",
    "within",
]


def reads(path: str) -> bool:
    """Tell whether a path, relative with forward slashes, names a file of a kind that a project is made of."""
    return path.endswith(KINDS) or manifests.reads(path) or configuration.reads(path) or frontend.reads(path)


def read_project(
    files: Iterable[tuple[str, bytes]], name: str = "", again: Callable[[str], bytes] | None = None
) -> Project:
    """Return the project made of these files: (path relative to the scanned folder, bytes) each.

    `name` is the scanned folder's own name: where that folder is a package, its modules import each other by it.
    `again` reads a file once more by its path; without it all bytes are kept. A path that `reads` does not know is
    taken for Python, unless a manifest given before includes it. Never raises for what a file holds: `Project.files`
    has a state for every Python file, `Manifest.unread` says what else was not read.
    """
    return Project(files, name, again)
