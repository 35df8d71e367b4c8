"""What one file of the source has to say to every control: the unit in which the source witness is read and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from stopper.controls import Entry
from stopper.model import Severity, Verdict
from stopper.observe.source import FileState, Manifest, Module, State
from stopper.observe.source.configuration import Configuration
from stopper.observe.source.flows import literals, unfinished
from stopper.observe.source.frontend import Frontend
from stopper.observe.source.standing import Scope, of_path
from stopper.observe.views import Route

KILLED = "ended the process that read it"
"""Why a module counts as not parsed whose reader did not survive it."""

Beside = Manifest | Configuration | Frontend

Weigh = Callable[[Verdict, Severity], Verdict | None]
"""Gives a verdict as it counts where it stands, None where nothing is said of that place."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The answers of one module or of a file beside the code, as plain data that can leave its process.

    `state` is what became of a module's file, None for the others; `routes` are those made in it. `verdicts` and
    `crashes` name their control; a crash has the exception's type alone. `left_out` counts the broken promises of which
    nothing is said because of where they stand, `holds_keys` says that secrets are written in the file, `unread` pairs
    what was not read with the reason.
    """

    path: str
    state: FileState | None = None
    routes: tuple[Route, ...] = ()
    verdicts: tuple[tuple[str, Verdict], ...] = ()
    crashes: tuple[tuple[str, str], ...] = ()
    left_out: int = 0
    holds_keys: bool = False
    unread: tuple[tuple[str, str], ...] = ()

    @property
    def unsure(self) -> bool:
        """Tell whether another run could say something else: a control crashed, the time was up."""
        state = self.state
        return bool(self.crashes) or (state is not None and (state.state is State.TIMED_OUT or state.why == KILLED))


def read(module: Module, entries: Mapping[str, Entry], scope: Scope) -> Reading:
    """Put one module before every control that reads source."""
    if module.unreadable:
        return Reading(module.path, module.state)

    def weigh(verdict: Verdict, full: Severity) -> Verdict | None:
        return scope.weighed(module.project, verdict, full)

    answered = _asked("source", module, entries, weigh)
    unread = [(f"{function} in {module.path}", "nested too deep to be followed") for function in unfinished(module)]
    held = bool(keys(module))
    return replace(answered, state=module.state, routes=module.routes, holds_keys=held, unread=tuple(unread))


def read_manifest(manifest: Manifest, entries: Mapping[str, Entry], scope: Scope) -> Reading:
    """Put one list of packages before every control that reads manifests."""
    return _beside("manifest", manifest, entries, scope)


def read_configuration(configuration: Configuration, entries: Mapping[str, Entry], scope: Scope) -> Reading:
    """Put one file of settings before every control that reads them."""
    return _beside("configuration", configuration, entries, scope)


def read_frontend(page: Frontend, entries: Mapping[str, Entry], scope: Scope) -> Reading:
    """Put one page, template or script before every control that reads what a browser gets."""
    return _beside("frontend", page, entries, scope)


def _beside(hook: str, file: Beside, entries: Mapping[str, Entry], scope: Scope) -> Reading:
    """Ask about a file that stands beside the code: by its path alone it is told where it stands."""

    def weigh(verdict: Verdict, full: Severity) -> Verdict | None:
        return scope.weighed_at(of_path(file.path), verdict, full)

    answered = _asked(hook, file, entries, weigh)
    return replace(answered, unread=tuple((file.path, why) for why in file.unread))


def _asked(hook: str, subject: Module | Beside, entries: Mapping[str, Entry], weigh: Weigh) -> Reading:
    """Ask every control that has the hook; its own fault is an answer too."""
    verdicts: list[tuple[str, Verdict]] = []
    crashes: list[tuple[str, str]] = []
    left_out = 0
    for control, entry in entries.items():
        if hook not in entry.hooks:
            continue
        try:
            said = tuple(entry.hooks[hook](subject) or ())
        except Exception as error:  # a control's own fault must not end the scan
            crashes.append((control, type(error).__name__))
            continue
        for verdict in said:
            weighed = weigh(verdict, entry.control.severity)
            if weighed is not None:
                verdicts.append((control, weighed))
            left_out += weighed is None and not verdict.kept
    return Reading(subject.path, verdicts=tuple(verdicts), crashes=tuple(crashes), left_out=left_out)


def keys(module: Module) -> tuple[str, ...]:
    """Return the signing keys and secrets that a module's source holds, in clear."""
    return tuple(literal.value.reveal() for literal in literals(module) if literal.value.reveal())
