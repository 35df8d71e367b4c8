"""What the words of a command name: files, folders, databases, repositories."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from stopper.sweep.files import File, printable, why
from stopper.sweep.repository import Repository
from stopper.sweep.sighting import Skipped, SweepError
from stopper.sweep.sweeping import Source

__all__ = ["sources"]

_DATABASE = re.compile(r"[a-z][a-z0-9]*(?:\+[a-z0-9_]+)?://")
_ENVIRONMENT = re.compile(r"env:([A-Za-z_]\w*)")
_MISSPELT = re.compile(r".*(?:://|:.*@)", re.DOTALL)
"""What may be an address with a password in it, where no file is of that name."""


def sources(names: Iterable[str], leave_out: Path | None = None) -> Iterator[Source | Skipped]:
    """Yield what each name stands for; `leave_out` is a file that is not looked at: our own state.

    A name is a path, the SQLAlchemy URL of a database, or `env:NAME` for a URL in an environment variable, where no
    list of processes shows its password. Folders are walked, links in them not followed; a folder with a git
    repository gives its history too. Raises SweepError for a URL of nothing, which it does not repeat, and a variable
    that is not set.
    """
    named = [_named(name, leave_out) for name in names]  # all before the first is read: a misspelt one ends it at once
    return itertools.chain.from_iterable(named)


def _named(name: str, leave_out: Path | None) -> Iterator[Source | Skipped]:
    variable = _ENVIRONMENT.fullmatch(name)
    if variable:
        return _database(_value(variable[1]))
    if _DATABASE.match(name):
        return _database(name)
    if _MISSPELT.match(name) and not os.path.lexists(name):
        raise SweepError("neither a path that exists nor the address of a database")
    return _at(Path(name), leave_out, named=True)


def _value(variable: str) -> str:
    if not os.environ.get(variable):
        raise SweepError(f"the environment variable {variable} is not set")
    return os.environ[variable]


def _database(address: str) -> Iterator[Source | Skipped]:
    try:
        from stopper.sweep.database import opened, tables
    except ImportError:
        raise SweepError("databases need the package sqlalchemy") from None
    return tables(opened(address))


def _at(path: Path, leave_out: Path | None, named: bool) -> Iterator[Source | Skipped]:
    if path.is_dir():
        yield from _folder(path, leave_out)
        return
    if leave_out is not None and path.absolute() == leave_out.absolute():
        return
    found = File.found(path, link=named)
    if isinstance(found, File) and _is_sqlite(path):
        from stopper.sweep.database import opened, sqlite_url, tables

        yield from tables(opened(sqlite_url(path)), printable(str(path)))
    else:
        yield found


def _is_sqlite(path: Path) -> bool:
    try:
        from stopper.sweep.database import is_database
    except ImportError:
        return False
    return is_database(path)


def _folder(top: Path, leave_out: Path | None) -> Iterator[Source | Skipped]:
    """Walk a folder in the order of its names, the files of each before the folders in it, however deep they nest.

    The objects of a git repository are read through git alone.
    """
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            yield Skipped(printable(str(folder)), why(error))
            continue
        repository = Repository.is_at(folder)
        if repository and folder.name != ".git":
            yield Repository(folder)
        within = [entry for entry in entries if not (entry.is_symlink() or (repository and entry.name == "objects"))]
        folders += (Path(entry.path) for entry in reversed(within) if entry.is_dir())
        for entry in within:
            if entry.is_file():
                yield from _at(Path(entry.path), leave_out, named=False)
            elif not entry.is_dir():
                yield Skipped(printable(entry.path), "not a regular file")
