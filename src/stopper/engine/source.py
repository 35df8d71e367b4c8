"""One scan's source witness: what every module says, read by child processes or remembered from the last time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from stopper.controls import Entry
from stopper.engine import kept, readers
from stopper.engine.cleaning import cleaned
from stopper.engine.kept import Cache, Said
from stopper.engine.reading import Reading, keys, read, read_configuration, read_frontend, read_manifest
from stopper.model import Failure, Skip, Verdict, Witness
from stopper.observe.source import FileState, Module, Project, State
from stopper.observe.source.standing import Scope, of_path
from stopper.observe.views import Route
from stopper.secret import Secret


class Listener(Protocol):
    """Who is told what the source says."""

    def judged(self, control: str, witness: Witness, verdict: Verdict) -> None:
        """Take one verdict."""

    def skipped(self, skip: Skip) -> None:
        """Take what was not looked at."""

    def failed(self, failure: Failure) -> None:
        """Take the failure of a control's own code."""

    def learnt(self, secret: Secret) -> None:
        """Take a credential that no output may show."""


@dataclass(slots=True)
class SourceScan:
    """The source of one project put before the controls, by up to `jobs` processes.

    `files` has the state of every file that was heard so far, `keys` are the secrets that stand in the source,
    `left_out` counts the broken promises of which nothing is said because of where they stand.
    """

    project: Project
    scope: Scope
    entries: Mapping[str, Entry]
    jobs: int
    cache: Cache | None
    listener: Listener
    files: list[FileState] = field(default_factory=list)
    keys: list[Secret] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    left_out: int = 0

    @property
    def routes(self) -> tuple[Route, ...]:
        """Return the routes of all that was heard so far, by path and line."""
        return tuple(route for reading in self.readings for route in reading.routes)

    async def run(self, known: Sequence[Secret], alone: bool) -> None:
        """Tell the listener all that the source says, `known` being what no text may show when it is kept.

        Where the source is not the only witness its secrets are learnt too: another witness may show them.
        """
        name = kept.key(self.project, self.scope, self.entries) if self.cache else ""
        before = kept.get(self.cache, name) if self.cache else None
        if before is not None:
            self._recall(before, alone)
            return
        await self._read()
        if self.cache and not any(reading.unsure for reading in self.readings):
            said = tuple(_clean(reading, known) for reading in self.readings)
            kept.put(self.cache, name, Said(tuple(self._unasked()), said))

    async def _read(self) -> None:
        """Read all modules; they are heeded when all are there, or at an interruption: any file may hold a secret."""
        for state in self._unasked():
            self._sorted(state)
        parts = [(part, [each for each in part.modules if self.scope.asks(each.path)]) for part in self.project.parts()]
        most = readers.largest((module for _, modules in parts for module in modules), self.jobs)
        for part, modules in parts:
            if readers.size(modules) > most and part.routes:
                _ = part.reach  # found once, before the children that all ask it are forked
        shares = readers.shares([modules for _, modules in parts], most)
        self.readings.extend(read_manifest(each, self.entries, self.scope) for each in self.project.manifests)
        self.readings.extend(read_configuration(each, self.entries, self.scope) for each in self.project.configurations)
        self.readings.extend(read_frontend(each, self.entries, self.scope) for each in self.project.frontends)
        try:
            await readers.ask(shares, self._ask, self.jobs, self._answered)
        finally:
            self.readings.sort(key=lambda reading: (reading.path, reading.state is None))
            for reading in self.readings:
                self._heed(reading)

    def _unasked(self) -> Iterator[FileState]:
        """Yield the states of the files that are not put before any control."""
        yield from self.project.unasked
        for module in self.project.modules:
            if not self.scope.asks(module.path):
                yield FileState(
                    module.path, State.LEFT_OUT, f"{of_path(module.path).value}: judged with --include-tests"
                )

    def _ask(self, module: Module) -> readers.Answer:
        return read(module, self.entries, self.scope), keys(module)

    def _answered(self, answer: readers.Answer) -> None:
        reading, held = answer
        self.readings.append(reading)
        self._learn(held)

    def _recall(self, before: Said, alone: bool) -> None:
        """Take what was kept; the secrets are read again, because they are never kept."""
        for state in before.unasked:
            self._sorted(state)
        holding = {reading.path for reading in before.readings if reading.holds_keys}
        for module in () if alone else self.project.modules:
            if module.path in holding:
                self._learn(keys(module))
        self.readings.extend(before.readings)
        for reading in self.readings:
            self._heed(reading)

    def _learn(self, held: Iterable[str]) -> None:
        for key in held:
            self.keys.append(Secret(key))
            if _telling(key):
                self.listener.learnt(Secret(key))

    def _heed(self, reading: Reading) -> None:
        """Hand on what one file said, and tell what of it was not looked at."""
        self.left_out += reading.left_out
        if reading.state is not None:
            self._sorted(reading.state)
        for control, verdict in reading.verdicts:
            self.listener.judged(control, Witness.SOURCE, verdict)
        for control, error in reading.crashes:
            self.listener.failed(Failure(control, reading.path, error))
        for what, why in reading.unread:
            self.listener.skipped(Skip(what, why, "file"))

    def _sorted(self, state: FileState) -> None:
        """Keep what became of a file; what was not read is a skip."""
        self.files.append(state)
        if state.state not in (State.ANALYSED, State.NOT_RELEVANT):
            self.listener.skipped(Skip(state.path, state.why, "file"))


def _clean(reading: Reading, known: Sequence[Secret]) -> Reading:
    """Return what may be kept of what a module said."""
    verdicts = tuple((control, cleaned(verdict, known)) for control, verdict in reading.verdicts)
    return replace(reading, verdicts=verdicts)


def _telling(value: str) -> bool:
    """Tell whether a value stands for nothing but itself: hiding the word `password` would hide what a text says."""
    return len(value) >= 8 and not value.isalpha()
