"""Rewrites applied to texts until nothing is left of them: what cannot be made together is made one after the other.

After each round the files are read again and the hooks are asked again, so that a second run has nothing to do: a
repair that would go on for ever is none.
"""

from __future__ import annotations

import difflib
import io
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from stopper.controls import Entry
from stopper.fix import jobs
from stopper.fix.jobs import Job
from stopper.model import Place, Verdict
from stopper.observe.source import Module, Project, read_project
from stopper.observe.spec import SpecError, read
from stopper.observe.spec.rewriting import SpecText
from stopper.rewrite import (
    Argument,
    ByHand,
    CannotRewriteError,
    Change,
    Import,
    Remove,
    Replace,
    Rewrite,
    Text,
    path_of,
)

MOST_ROUNDS = 5
"""Times that the hooks are asked; two repairs at one place take two."""

_ENDLESS = ByHand("the repair is not done after being made: it would change the file again and again")


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that may be repaired, by path: those of the folder, and the specifications; `name` is the folder's."""

    files: Mapping[str, bytes]
    specs: Mapping[str, bytes] = field(default_factory=dict)
    name: str = ""

    @property
    def project(self) -> Project:
        """Return the folder as the source witness sees it."""
        return read_project(self.files.items(), self.name)

    def get(self, path: str) -> bytes:
        """Return what a file holds. Raises KeyError."""
        return self.specs[path] if path in self.specs else self.files[path]

    def with_changed(self, changed: Mapping[str, bytes]) -> Sources:
        """Return the files with some of them changed."""
        specs = {path: changed.get(path, data) for path, data in self.specs.items()}
        return replace(self, files={path: changed.get(path, data) for path, data in self.files.items()}, specs=specs)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One place at which a control's promise is broken."""

    control: str
    place: Place


Told = Rewrite | ByHand


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of each place, and the files as they were and are then, of which some changed."""

    told: Mapping[Wanted, Told]
    before: Sources
    after: Sources

    @property
    def changed(self) -> tuple[str, ...]:
        """Return the paths of the files that changed, in order."""
        paths = (*self.before.files, *self.before.specs)
        return tuple(sorted(path for path in paths if self.before.get(path) != self.after.get(path)))


@dataclass(slots=True)
class _Open:
    """A place in a round: where to look for it now, and whether it was repaired already."""

    wanted: Wanted
    lines: tuple[int, int]
    made: bool = False


def repaired(sources: Sources, wanted: Sequence[Wanted], entries: Mapping[str, Entry]) -> Repaired:
    """Return what comes of asking the controls to repair these places; those given first go before the others."""
    refused: dict[Wanted, Told] = {}
    while True:
        run = _Run(sources, entries, [each for each in dict.fromkeys(wanted) if each not in refused])
        failed = run.to_the_end()
        if not failed:
            return Repaired({**run.told, **refused}, sources, run.sources)
        refused.update(failed)


class _Run:
    """One attempt: all rewrites that it takes can be made, or it tells which cannot."""

    def __init__(self, sources: Sources, entries: Mapping[str, Entry], wanted: Iterable[Wanted]) -> None:
        self.sources = sources
        self.entries = entries
        self.told: dict[Wanted, Told] = {}
        self.open = [_Open(each, (each.place.line, each.place.line)) for each in wanted]

    def to_the_end(self) -> dict[Wanted, Told]:
        """Make round after round until the hooks have nothing more to say; return what has to be left out."""
        for number in range(MOST_ROUNDS):
            asked = _Asked(self.sources, self.entries)
            answers = [(each, asked.answer(each, first=number == 0)) for each in self.open]
            rewrites = self._heard(answers)
            if not rewrites:
                return {}
            taken = _compatible(rewrites)
            failed = self._make(taken)
            if failed:
                return failed
            for each, _ in taken:
                each.made = True
        return {each.wanted: _ENDLESS for each, _ in rewrites}

    def _heard(self, answers: Iterable[tuple[_Open, Told | None]]) -> list[tuple[_Open, Rewrite]]:
        """Keep what the hooks say the first time, and return what there is to do."""
        rewrites = []
        going_on = []
        for each, answer in answers:
            if answer is not None:
                self.told.setdefault(each.wanted, answer)
            if isinstance(answer, Rewrite):
                rewrites.append((each, answer))
                going_on.append(each)
            elif isinstance(answer, ByHand) and not each.made:
                self.told[each.wanted] = answer
        self.open = going_on
        return rewrites

    def _make(self, rewrites: Sequence[tuple[_Open, Rewrite]]) -> dict[Wanted, Told]:
        """Make rewrites that do not touch each other; return those that cannot be made, and then none is."""
        made: dict[str, bytes] = {}
        failed: dict[Wanted, Told] = {}
        paths = dict.fromkeys(path_of(change) for _, rewrite in rewrites for change in rewrite.changes)
        groups = {
            path: [
                (each.wanted, group)
                for each, rewrite in rewrites
                if (group := tuple(change for change in rewrite.changes if path_of(change) == path))
            ]
            for path in paths
        }
        python = [path for path in paths if path not in self.sources.specs]
        own = frozenset(path.partition("/")[0].removesuffix(".py") for path in self.sources.files) | {self.sources.name}
        given = [Job(_text(self.sources.get(path)), tuple(group for _, group in groups[path]), own) for path in python]
        for path, answer in zip(python, jobs.run(given), strict=True):
            failed.update({groups[path][number][0]: ByHand(why) for number, why in answer.refused.items()})
            made[path] = _encoded(self.sources.get(path), answer.text)
        for path in paths:
            if path in self.sources.specs:
                text = SpecText(path, self.sources.get(path))
                made[path] = text.encoded(
                    _spliced(text.text, [change for _, group in groups[path] for change in group])
                )
                if not _reads(path, made[path]):
                    failed.update(
                        {wanted: ByHand("the changed specification could not be read") for wanted, _ in groups[path]}
                    )
        if not failed:
            self._follow(made)
        return failed

    def _follow(self, made: Mapping[str, bytes]) -> None:
        """Take the changed files, and note where the lines of what was wanted are now."""
        moves = {path: _Moves(self.sources.get(path), data) for path, data in made.items()}
        for each in self.open:
            if each.wanted.place.uri in moves:
                each.lines = moves[each.wanted.place.uri].of(each.lines)
        self.sources = self.sources.with_changed(made)


class _Asked:
    """The hooks asked about one state of the files."""

    def __init__(self, sources: Sources, entries: Mapping[str, Entry]) -> None:
        self.sources = sources
        self.entries = entries
        self.project = sources.project
        self.broken: dict[tuple[str, str], list[Place]] = {}

    def answer(self, each: _Open, first: bool) -> Told | None:
        """Return what a control's hook says of a place, None where its promise is kept there by now."""
        entry, place = self.entries[each.wanted.control], each.wanted.place
        if not first:
            standing = [now for now in self._broken(entry, place.uri) if each.lines[0] <= now.line <= each.lines[1]]
            if not standing and (each.made or self._judges(entry, place.uri)):
                return None
            place = standing[0] if standing else replace(place, line=each.lines[0])
        try:
            return self._asked(entry, place)
        except CannotRewriteError as error:
            return ByHand(str(error))
        except Exception as error:  # a control's own fault must not take the other repairs along
            return ByHand(f"a defect in the control's own repair: {type(error).__name__}")

    def _asked(self, entry: Entry, place: Place) -> Told:
        if "fix" not in entry.hooks:
            return ByHand("there is no repair that is safe everywhere")
        answer: Told | None = entry.hooks["fix"](self._subject(place), place)
        if answer is None or (isinstance(answer, Rewrite) and not answer.changes):
            return ByHand("it is written in a way for which there is no safe repair")
        if isinstance(answer, Rewrite):
            self._check(answer)
        return answer

    def _subject(self, place: Place) -> Module | SpecText:
        """Return what a hook is given: the module, or the specification's text. Raises CannotRewriteError."""
        if place.uri in self.sources.specs:
            text = SpecText(place.uri, self.sources.specs[place.uri])
            if not text.whole:
                raise CannotRewriteError("its lines do not all end alike")
            return text
        module = self.project.at(place.uri) if place.uri.endswith(".py") else None
        if module is None:
            raise CannotRewriteError(f"{place.uri or 'it'} is no Python file of the folder that can be read whole")
        return module

    def _check(self, answer: Rewrite) -> None:
        for path in map(path_of, answer.changes):
            if path not in self.sources.specs and (path not in self.sources.files or not path.endswith(".py")):
                raise CannotRewriteError(f"{path} would have to change, which is no file of the folder")

    def _judges(self, entry: Entry, path: str) -> bool:
        return ("spec" if path in self.sources.specs else "source") in entry.hooks

    def _broken(self, entry: Entry, path: str) -> list[Place]:
        """Return where a control sees its promise broken in a file now."""
        key = (entry.control.id, path)
        if key not in self.broken:
            verdicts = self._verdicts(entry, path) if self._judges(entry, path) else ()
            self.broken[key] = [each.place for each in verdicts if not each.kept and each.place is not None]
        return self.broken[key]

    def _verdicts(self, entry: Entry, path: str) -> Iterator[Verdict]:
        if path in self.sources.specs:
            for operation in read(path, self.sources.specs[path]).operations:
                yield from entry.hooks["spec"](operation)
        elif module := self.project.at(path):
            yield from entry.hooks["source"](module)


# --------------------------------------------------------------------------- what goes together


def _compatible(rewrites: Sequence[tuple[_Open, Rewrite]]) -> list[tuple[_Open, Rewrite]]:
    """Return the rewrites, first come first served, that change nothing that another one changes."""
    taken: list[tuple[_Open, Rewrite]] = []
    changes: list[Change] = []
    for each, rewrite in rewrites:
        if not any(_clash(one, other) for one in rewrite.changes for other in changes):
            taken.append((each, rewrite))
            changes.extend(rewrite.changes)
    return taken


def _clash(one: Change, other: Change) -> bool:
    """Tell whether two changes are about the same text; the very same change asked for twice is made once."""
    if one == other or isinstance(one, Import) or isinstance(other, Import) or path_of(one) != path_of(other):
        return False
    if isinstance(one, Text) or isinstance(other, Text):
        return isinstance(one, Text) and isinstance(other, Text) and one.start <= other.end and other.start <= one.end
    if isinstance(one, Argument) and isinstance(other, Argument) and one.span == other.span:
        return one.name == other.name
    whole = (Replace, Remove)
    if isinstance(one, whole) and isinstance(other, whole):
        return one.span.start < other.span.end and other.span.start < one.span.end
    # What is put beside a statement, or into a call, does not stand in the way of what changes inside it.
    inner, outer = (one, other) if isinstance(other, whole) else (other, one)
    if not isinstance(outer, whole):
        return False
    return outer.span.start <= inner.span.start and inner.span.end <= outer.span.end


class _Moves:
    """Where the lines of a file are after it was changed."""

    def __init__(self, before: bytes, after: bytes) -> None:
        lines = before.splitlines(), after.splitlines()
        self._blocks = difflib.SequenceMatcher(None, *lines, autojunk=False).get_opcodes()

    def of(self, lines: tuple[int, int]) -> tuple[int, int]:
        """Return the lines, first and last, that stand now where these did."""
        return self._one(lines[0])[0], self._one(lines[1])[1]

    def _one(self, line: int) -> tuple[int, int]:
        for kind, first, last, new_first, new_last in self._blocks:
            if first <= line - 1 < last:
                moved = line - first + new_first
                return (moved, moved) if kind == "equal" else (new_first + 1, max(new_last, new_first + 1))
        return line, line


# --------------------------------------------------------------------------- texts


def _text(data: bytes) -> str:
    """Return a Python file's text, its lines ended by LF where all of them end alike."""
    text = data.decode(_encoding(data))
    return text.replace("\r\n", "\n") if _carriage(text) else text


def _encoded(before: bytes, text: str) -> bytes:
    """Return a changed text in the encoding, with the byte order mark and the line ends of the file before."""
    name = _encoding(before)
    return (text.replace("\n", "\r\n") if _carriage(before.decode(name)) else text).encode(name)


def _encoding(data: bytes) -> str:
    return tokenize.detect_encoding(io.BytesIO(data).readline)[0]


def _carriage(text: str) -> bool:
    """Tell whether every line ends with CR LF."""
    return "\r\n" in text and "\n" not in text.replace("\r\n", "") and "\r" not in text.replace("\r\n", "")


def _spliced(text: str, changes: Sequence[Change]) -> str:
    """Return the text with its stretches changed, the last ones first; the same change is made once."""
    stretches = {change for change in changes if isinstance(change, Text)}
    for change in sorted(stretches, key=lambda each: (each.start, each.end), reverse=True):
        text = text[: change.start] + change.text + text[change.end :]
    return text


def _reads(path: str, data: bytes) -> bool:
    try:
        read(path, data)
    except SpecError:
        return False
    return True
