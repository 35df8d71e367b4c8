"""The scan of an application in the process of its tests, with its source and its specification."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from stopper.cli.inputs import Options, home, opened
from stopper.cli.settings import Settings, SettingsError, load
from stopper.cli.targets import TargetError, Targets, told_apart
from stopper.controls import catalogue
from stopper.engine import Limits, Scan
from stopper.io.app_runner import flask_of
from stopper.io.cache import Cache, default_folder
from stopper.io.child import ChildError
from stopper.io.files import FileError, escape, read
from stopper.io.in_process import InProcess, handlers_set_aside, made
from stopper.model import Finding, Report, Severity, Silencer, Status
from stopper.observe.source.standing import EVERYTHING, Scope
from stopper.report import baseline as baselines
from stopper.report.baseline import BaselineError
from stopper.report.looked import gaps, looked_at
from stopper.report.outgoing import visible
from stopper.report.proofs import pieces
from stopper.score import graded
from stopper.secret import Secret

BAD_INPUT = (BaselineError, ChildError, FileError, SettingsError, TargetError)
"""What is wrong with what the project says of itself: each is one line."""

LARGEST_BASELINE = 16 << 20
PROOFS_SHOWN = 3
NAMES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """What pytest's settings say of the scan; texts that are empty are left to Stopper's own settings in `root`."""

    root: Path
    app: str = ""
    spec: str = ""
    source: str = ""
    baseline: str = ""

    @property
    def settings(self) -> Settings:
        """Return Stopper's settings of the project. Raises SettingsError."""
        return load(None, (self.root,))

    @property
    def settled(self) -> Targets:
        """Return what Stopper's own settings name. Raises SettingsError, TargetError and FileError."""
        return told_apart(self.settings.targets)

    @property
    def targets(self) -> Targets:
        """Return what else the scan asks than the application; of Stopper's settings, nothing on the wire.

        Raises TargetError and FileError.
        """
        words = tuple(str(self.root / word) for word in (self.spec, self.source) if word)
        named, settled = told_apart(words), self.settled
        return Targets(
            words=(*(self._shown(path) for path in named.specs or settled.specs),),
            specs=named.specs or settled.specs,
            folder=named.folder or settled.folder,
        )

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


@dataclass(frozen=True, slots=True)
class Scanned:
    """The scan of an application in process: its `report`, and where the places in it are relative to."""

    report: Report
    root: Path

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return the findings that count: neither suppressed nor in the baseline."""
        return self.report.findings

    def broken(self, control: str, where: str = "") -> list[str]:
        """Return the texts of a control's findings: all, or those at one operation (`GET /orders`) or in one file.

        Who asks for a control wants to know: what the baseline takes out is told, what a comment suppresses is not.
        """
        return [
            self.text(finding)
            for finding in self._with_folded((*self.findings, *known(self.report)))
            if finding.control == control and (not where or where in _wheres(finding))
        ]

    def _with_folded(self, findings: tuple[Finding, ...]) -> Iterator[Finding]:
        for finding in findings:
            yield finding
            yield from self._with_folded(finding.folded)

    def check(self) -> None:
        """Raise AssertionError with the findings that fail a scan, and where the scan is not whole."""
        failing = [self.text(finding) for finding in self.findings if fails(finding)]
        if self.unfinished:
            failing.append(self.unfinished)
        if failing:
            raise AssertionError("\n\n".join(failing))

    @property
    def unfinished(self) -> str:
        """Return why the scan is not whole, or an empty text."""
        crashed = [f"{each.control} crashed at {each.subject}: {each.error}" for each in self.report.failures]
        return "\n".join((*((self.report.incomplete,) if self.report.incomplete else ()), *crashed))

    @property
    def looked_at(self) -> str:
        """Return in words what was looked at, and what was not."""
        lines = [f"{label}: {number}" for label, number in looked_at(self.report.coverage)]
        if self.report.suppressed:
            lines.append(f"suppressed: {len(self.report.suppressed)} by a baseline or a comment")
        lines.append("not looked at:")
        for gap in gaps(self.report):
            more = len(gap.names) - NAMES_SHOWN
            names = ", ".join(gap.names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
            lines.append(f"  {gap.kind}: {gap.why}{f' ({names})' if names else ''}")
        return "\n".join(visible(line) for line in lines)

    def named(self) -> Iterator[tuple[str, Finding]]:
        """Yield each finding with the name of its test, `BT401[GET /orders]`; equal names are numbered."""
        seen: Counter[str] = Counter()
        for finding in self.findings:
            name = visible(f"{finding.control}[{(_wheres(finding) or [finding.name])[0]}]")
            seen[name] += 1
            yield (name if seen[name] == 1 else f"{name}-{seen[name]}"), finding

    def text(self, finding: Finding) -> str:
        """Return a finding as the message of a failed test."""
        lines = [f"{finding.control} {finding.name} ({finding.severity.value}, {finding.status.value})"]
        lines.append(finding.message)
        if finding.place:
            lines.append(f"at {finding.place} {finding.place.text.strip()}".rstrip())
        if finding.endpoints:
            lines.append(f"on {', '.join(map(str, finding.endpoints))}")
        lines.append(f"seen by {', '.join(each.value for each in finding.witnesses)}")
        for piece in pieces(finding)[:PROOFS_SHOWN]:
            steps = [f"  {place} {message}" for place, message in piece.path]
            shown = [f"  {line}" for line in (*piece.detail.split("\n"), *piece.command.split("\n")) if line]
            lines += [piece.title, *steps, *shown]
        lines.append(f"`stopper explain {finding.control}` says why it matters and how it is done right")
        return "\n".join(visible(line) for line in lines)


def _wheres(finding: Finding) -> list[str]:
    """Return what a finding is at: its operations, then its file."""
    return [*map(str, sorted(finding.endpoints)), *((finding.place.uri,) if finding.place else ())]


def known(report: Report) -> tuple[Finding, ...]:
    """Return the findings that the baseline takes out."""
    return tuple(each for each in report.suppressed if each.suppression and each.suppression.by is Silencer.BASELINE)


def fails(finding: Finding) -> bool:
    """Tell whether a finding fails a test: advice does not, nor what the witnesses deny."""
    return finding.severity is not Severity.ADVICE and finding.status is not Status.CONTRADICTED


def named_application(target: str, asked: Asked) -> Any:
    """Return the application that `module:app` or `module:factory` names. Raises ChildError."""
    folder = asked.targets.folder or asked.root
    return made(target, home(target, (asked.root, folder, folder.parent)))


_SCANS: WeakKeyDictionary[Any, Scanned] = WeakKeyDictionary()


def scanned(application: Any, asked: Asked, token: str | None) -> Scanned:
    """Return the scan of an application: one for each, however many tests ask. Raises the errors of BAD_INPUT."""
    app = flask_of(application)
    if app is None:
        raise TargetError(f"what is to be scanned is no Flask application but of type {type(application).__name__}")
    if app not in _SCANS:
        _SCANS[app] = _scan(application, app, asked, token)
    return _SCANS[app]


def _scan(application: Any, app: Any, asked: Asked, token: str | None) -> Scanned:
    settings, targets = asked.settings, asked.targets
    if token:
        settings = replace(settings, tables=())  # who gives a token need not be able to log in
    root = targets.folder or _source_of(app)
    options = Options(
        settings=settings,
        limits=Limits(),
        token=Secret(token) if token else None,
        scope=EVERYTHING if settings.include_tests else Scope(),
        accepted=_accepted(asked.root / asked.baseline if asked.baseline else settings.baseline),
        cache=Cache(default_folder() / "source"),
        # A test run is no place for a search: what is guessed at once, and the report says that there is more.
        guessing=replace(settings.guessing, seconds=0.0, state=None),
        running=InProcess(application, root, asked.app or f"{app.import_name}:app"),
    )
    shown = (*targets.words, root.name, options.running.target if options.running else "")
    words = Targets(words=shown, specs=targets.specs, folder=root)
    with warnings.catch_warnings(), handlers_set_aside(_of_pytest), asyncio.Runner(loop_factory=_loop) as runner:
        warnings.simplefilter("ignore")  # what the application warns of is not what is tested here
        report = runner.run(_report(words, options))
    gc.unfreeze()  # the readers of the source froze what there was
    return Scanned(report, root.absolute())


_loop = asyncio.new_event_loop
"""Given to the runner, so that it leaves the event loop of other plugins where it is."""


async def _report(targets: Targets, options: Options) -> Report:
    async with opened(targets, options) as inputs:
        return graded(await Scan(inputs, dict(catalogue()), options.limits, lambda event: None).run())


def _accepted(path: Path | None) -> Any:
    if path is None:
        return ()
    try:
        return baselines.parse(read(path, LARGEST_BASELINE))
    except BaselineError as error:
        raise BaselineError(f"{escape(str(path))}: {error}") from None


def _source_of(app: Any) -> Path:
    """Return the folder of the package, or of the module, that the application is named after."""
    top = sys.modules.get(str(app.import_name).partition(".")[0])
    file = inspect.getsourcefile(top) if top else None
    return Path(file).parent if file else Path(app.root_path)


def _of_pytest(handler: logging.Handler) -> bool:
    return type(handler).__module__.partition(".")[0] == "_pytest"
