"""Runs a control's `fix*` cases: what stands in `before` is repaired, and has to be what stands in `after`.

A case is a folder with one file of each name (`before.py`, `after.py`), or with two folders of these names where a
repair changes several files. Lines marked `by hand` stay broken: for those the control has no safe repair.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stopper.controls import Entry
from stopper.fix.rounds import Repaired, Sources, Wanted, repaired
from stopper.model import Place
from stopper.observe.source import read_project
from stopper.observe.source.standing import Scope
from stopper.observe.spec import looks_like_spec, read

_BY_HAND = re.compile(r"(?:#|//)\s*by hand\b")
_BAD = re.compile(r"(?:#|//)\s*bad\b")


@dataclass(frozen=True)
class Case:
    """The files of one side of a case by their paths, which both sides share."""

    files: dict[str, bytes]

    @property
    def sources(self) -> Sources:
        """Return them as what a fix run is given."""
        specs = {path: data for path, data in self.files.items() if not path.endswith(".py") and looks_like_spec(data)}
        return Sources({path: data for path, data in self.files.items() if path not in specs}, specs)

    def marked(self, mark: re.Pattern[str]) -> set[tuple[str, int]]:
        """Return the lines that hold a mark."""
        return {
            (path, number)
            for path, data in self.files.items()
            for number, line in enumerate(data.decode().splitlines(), 1)
            if mark.search(line)
        }


def sides(case: Path) -> tuple[Case, Case]:
    """Return both sides of a case."""
    return _side(case, "before"), _side(case, "after")


def _side(case: Path, name: str) -> Case:
    folder = case / name
    if folder.is_dir():
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return Case({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})
    (only,) = case.glob(f"{name}.*")
    return Case({f"case{only.suffix}": only.read_bytes()})


def broken(entry: Entry, side: Case) -> list[Place]:
    """Return where a control sees its promise broken; in Python, one that does not read source: where it is marked."""
    found = sorted(_broken(entry, side))
    if "source" in entry.hooks:
        return found
    texts = {path: data.decode().splitlines() for path, data in side.files.items() if path.endswith(".py")}
    return found + [
        Place(path, line, len(texts[path][line - 1]) - len(texts[path][line - 1].lstrip()) + 1)
        for path, line in sorted(side.marked(_BAD))
        if path in texts
    ]


def _broken(entry: Entry, side: Case) -> Iterator[Place]:
    sources = side.sources
    verdicts = []
    if "spec" in entry.hooks:
        operations = [each for path, data in sources.specs.items() for each in read(path, data).operations]
        verdicts += [verdict for operation in operations for verdict in entry.hooks["spec"](operation)]
    if "source" in entry.hooks:
        project = read_project(sources.files.items())
        said = [verdict for module in project.modules for verdict in entry.hooks["source"](module)]
        weighed = (Scope().weighed(project, verdict, entry.control.severity) for verdict in said)
        verdicts += [verdict for verdict in weighed if verdict is not None]
    yield from {verdict.place for verdict in verdicts if not verdict.kept and verdict.place}


def run(entry: Entry, side: Case) -> Repaired:
    """Repair one side."""
    places = broken(entry, side)
    return repaired(side.sources, [Wanted(entry.control.id, place) for place in places], {entry.control.id: entry})


def difference(after: Case, made: Repaired) -> str:
    """Return how the repaired files differ from those that the case wants, as a unified diff."""
    return "".join(
        line
        for path in sorted({*after.files, *made.changed})
        for line in difflib.unified_diff(
            after.files.get(path, b"").decode().splitlines(keepends=True),
            made.after.get(path).decode().splitlines(keepends=True),
            "after",
            "made",
        )
    )


def left(entry: Entry, side: Case) -> tuple[set[tuple[str, int]], set[tuple[str, int]]]:
    """Return the lines that are still broken, and those that are marked to be."""
    return {(place.uri, place.line) for place in _broken(entry, side)}, side.marked(_BY_HAND)
