"""One scan: ask every witness that was named, join what they say, and give one report."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from stopper import __version__, correlate, suppression
from stopper.controls import Entry
from stopper.correlate import Heard, Joined, Matcher, wide_parameters
from stopper.engine import plan as planning
from stopper.engine import recorded
from stopper.engine.cleaning import cleaned, cleaned_row
from stopper.engine.events import CheckFailed, Event, Guessed, Observed, ScanFinished, ScanStarted, Sent, Skipped
from stopper.engine.guessing import Guessing
from stopper.engine.identities import ON_TOP
from stopper.engine.kept import Cache
from stopper.engine.live import SPENT_ON_STATE, LiveScan
from stopper.engine.plan import Limits, Plan
from stopper.engine.recorder import Recorder, Target
from stopper.engine.source import SourceScan
from stopper.matrix import matrix
from stopper.model import (
    Accepted,
    Coverage,
    Endpoint,
    Failure,
    Finding,
    Ignore,
    Observation,
    Report,
    Severity,
    Skip,
    Verdict,
    Witness,
)
from stopper.observe.app.extensions import configured_lifetime
from stopper.observe.source import Project, State
from stopper.observe.source.standing import Scope
from stopper.observe.views import AppSnapshot, Baseline, Exchange, SpecDocument
from stopper.secret import Secret, redact
from stopper.suppression import Comments

REACHED_SHARE = 0.8
"""Share of the eligible operations that must be reached for the scan to count as done."""

UNREAD_SHARE = 0.1
"""Share of the source files that may be unreadable before the scan cannot count as done."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the user named, read and parsed: any mix of the four witnesses.

    `keys` are signing keys at hand (from the application or given by the user); `secrets` are values that must not
    appear in any output; `skips` and `notes` were made while reading the inputs. `scope` says what of the source is
    judged, `ignores` are the comments in it that suppress findings, `accepted` is the baseline; `cache` is where what
    the source says is kept for the next scan. `guessing` says how keys are guessed.
    """

    targets: tuple[str, ...]
    documents: tuple[SpecDocument, ...] = ()
    project: Project | None = None
    snapshot: AppSnapshot | None = None
    live: tuple[Target, ...] = ()
    recorded: tuple[Exchange, ...] = ()
    keys: tuple[Secret, ...] = ()
    secrets: tuple[Secret, ...] = ()
    skips: tuple[Skip, ...] = ()
    notes: tuple[str, ...] = ()
    incomplete: str = ""
    scope: Scope = field(default_factory=Scope)
    ignores: tuple[Ignore, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    cache: Cache | None = None
    guessing: Guessing = field(default_factory=Guessing)


@dataclass(slots=True)
class Scan:
    """A scan from its inputs to its report; `emit` is told everything as it happens.

    `report()` can be called at any time: after an interruption it holds what was seen so far.
    """

    inputs: Inputs
    entries: Mapping[str, Entry]
    limits: Limits
    emit: Callable[[Event], None]
    started: float = field(default_factory=time.monotonic)
    today: datetime.date = field(default_factory=datetime.date.today)
    plan: Plan | None = None
    joined: Joined = field(default_factory=lambda: Joined((), {}))
    observations: dict[tuple[object, ...], Observation] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    lives: list[LiveScan] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    known: list[Secret] = field(default_factory=list)
    source: SourceScan | None = None
    notes: list[str] = field(default_factory=list)

    # ------------------------------------------------------------------ the run

    async def run(self) -> Report:
        """Ask everything and return the whole report; the last event carries it too."""
        self.known.extend(self.inputs.secrets)
        for skip in self.inputs.skips:
            self.skipped(skip)
        await self._ask_source()
        operations = [operation for document in self.inputs.documents for operation in document.operations]
        own = recorded.own(self.inputs.recorded, [live.base for live in self.inputs.live], operations)
        self.joined = correlate.join(replace(self._heard(()), exchanges=own))
        self._plan()
        self._ask_static()
        placed = recorded.placed(own, self.joined)
        self.notes.extend(recorded.strangers(self.inputs.recorded, placed))
        self.exchanges.extend(own)
        for exchange in placed:
            self._overheard(exchange)
        await asyncio.gather(*(self._ask_live(target) for target in self.inputs.live))
        self._ask_joint()
        report = self.report()
        self.emit(ScanFinished(report))
        return report

    def _heard(self, baselines: Sequence[Baseline]) -> Heard:
        inputs = self.inputs
        return Heard(
            asked=frozenset(self._witnesses()),
            operations=[operation for document in inputs.documents for operation in document.operations],
            routes=self.source.routes if self.source else (),
            app_routes=inputs.snapshot.routes if inputs.snapshot else (),
            baselines=baselines,
            # Several targets are asked at once: their order must not decide what a report shows.
            exchanges=sorted(self.exchanges, key=lambda exchange: list(Witness).index(exchange.witness)),
            configured=configured_lifetime(inputs.snapshot),
            hosts=frozenset(urlsplit(live.base).netloc for live in inputs.live if live.witness is Witness.WIRE),
        )

    def _witnesses(self) -> list[Witness]:
        inputs = self.inputs
        present = {
            Witness.SPEC: bool(inputs.documents),
            Witness.WIRE: bool(inputs.recorded) or any(t.witness is Witness.WIRE for t in inputs.live),
            Witness.SOURCE: inputs.project is not None,
            Witness.APP: inputs.snapshot is not None,
        }
        return [witness for witness, there in present.items() if there]

    def _plan(self) -> None:
        if not self.inputs.live:
            return
        self.plan = planning.make(self.joined.views, [target.witness for target in self.inputs.live], self.limits)
        spent = [
            SPENT_ON_STATE + live.throwaway.samples + live.throwaway.tries
            for live in self.inputs.live
            if live.throwaway
        ]
        asked = max((target.asked for target in self.inputs.live), default=0)
        budget = min(self.limits.requests, self.plan.budget + asked)
        renewing = ON_TOP if any(live.logins for live in self.inputs.live) else 0
        self.plan = replace(self.plan, spent=max(spent, default=0), renewing=renewing, budget=budget)
        self.emit(ScanStarted(self.plan))
        for skip in self.plan.skips:
            self.skipped(skip)

    def _ask_static(self) -> None:
        for document in self.inputs.documents:
            for operation in document.operations:
                self._ask("spec", Witness.SPEC, operation, str(operation.endpoint))
        if self.inputs.snapshot:
            self._ask("app", Witness.APP, self.inputs.snapshot, self.inputs.snapshot.target)

    async def _ask_source(self) -> None:
        inputs = self.inputs
        if inputs.project is not None:
            self.source = SourceScan(inputs.project, inputs.scope, self.entries, self.limits.jobs, inputs.cache, self)
            alone = self._witnesses() == [Witness.SOURCE]
            await self.source.run(self.known, alone)

    async def _ask_live(self, target: Target) -> None:
        plan = self.plan or Plan((), (), (), 0, 0.0)
        routes = self.inputs.snapshot.routes if self.inputs.snapshot else ()
        matcher = Matcher((view.endpoint for view in self.joined.views), wide_parameters(routes))
        deadline = self.started + self.limits.scan_seconds
        # The application answers in process: its calls cost the target nothing and are bounded by time alone.
        budget = plan.budget if target.witness is Witness.WIRE else self.limits.requests * 10
        recorder = Recorder(target, self, matcher.match, budget, deadline, sent=target.asked)
        live = LiveScan(
            target,
            plan,
            self.entries,
            (*self.inputs.keys, *(self.source.keys if self.source else ())),
            self,
            recorder,
            guessing=self.inputs.guessing,
            names=self._names(),
        )
        self.lives.append(live)
        await live.run()

    def _names(self) -> tuple[str, ...]:
        """Return what the API is called, of which a careless key may be made: its titles, the application's name."""
        titles = [document.title for document in self.inputs.documents]
        called = [self.inputs.snapshot.target] if self.inputs.snapshot else []
        return tuple(titles + called)

    def _eligible(self) -> set[Endpoint]:
        """Return the operations that the plan holds, and those that were found to be callable on the way."""
        planned = self.plan.endpoints if self.plan else ()
        return {*planned, *(step.endpoint for live in self.lives for step in live.steps)}

    def _ask_joint(self) -> None:
        baselines = [baseline for live in self.lives for baseline in live.baselines]
        self.joined = correlate.join(self._heard(baselines))
        for view in self.joined.views:
            self._ask("joint", Witness.SPEC, view, str(view.endpoint))

    def _ask(self, hook: str, witness: Witness, subject: object, name: str) -> None:
        """Put one subject before every control that has this hook."""
        for control, entry in self.entries.items():
            if hook not in entry.hooks:
                continue
            try:
                verdicts: Iterable[Verdict] = tuple(entry.hooks[hook](subject) or ())
            except Exception as error:  # a control's own fault must not end the scan
                self.crashed(control, name, error)
                continue
            for verdict in verdicts:
                self.judged(control, witness, verdict)

    # ------------------------------------------------------------------ what a live scan tells (recorder.Listener)

    def exchanged(self, exchange: Exchange) -> None:
        """Record an exchange and show it to every passive check.

        While its effects are to be undone much is refused to an application: what it answers then proves nothing.
        """
        if not exchange.request.undone:
            self.exchanges.append(exchange)
        sent = (live.recorder.sent for live in self.lives if live.target.witness is exchange.witness)
        self.emit(Sent(exchange.witness, sum(sent)))
        self._overheard(exchange)

    def _overheard(self, exchange: Exchange) -> None:
        for control, entry in self.entries.items():
            asked = exchange.witness is Witness.WIRE or "A" in entry.control.witnesses.split()
            if "wire" not in entry.hooks or not asked:
                continue
            try:
                verdicts = tuple(entry.hooks["wire"](exchange) or ())
            except Exception as error:  # a control's own fault must not end the scan
                self.crashed(control, str(exchange.endpoint or "an exchange"), error)
                continue
            for verdict in verdicts:
                self.judged(control, exchange.witness, verdict)

    def judged(self, control: str, witness: Witness, verdict: Verdict) -> None:
        """Keep one verdict, once: the same words of the same endpoint and place are one observation."""
        self.asked.add(control)
        clean = cleaned(verdict, self.known)
        for speaker in verdict.witnesses or (witness,):
            observation = Observation(control, speaker, clean)
            key = (control, speaker, clean.kept, clean.message, clean.endpoints, clean.place)
            if key not in self.observations:
                self.observations[key] = observation
                self.emit(Observed(observation))

    def skipped(self, skip: Skip) -> None:
        """Keep what was not looked at, once."""
        if skip not in self.skips:
            self.skips.append(skip)
            self.emit(Skipped(skip))

    def crashed(self, control: str, subject: str, error: Exception) -> None:
        """Keep the failure of a control's own code: its type only, because its text may hold what was scanned."""
        self.failed(Failure(control, subject, type(error).__name__))

    def failed(self, failure: Failure) -> None:
        """Keep a failure, once."""
        if failure not in self.failures:
            self.failures.append(failure)
            self.emit(CheckFailed(failure))

    def learnt(self, secret: Secret) -> None:
        """Take a credential that no output may show."""
        self.known.append(secret)

    def tried(self, keys: int) -> None:
        """Tell how many keys were tried on a credential so far."""
        self.emit(Guessed(keys))

    def noted(self, note: str) -> None:
        """Keep a sentence that the report says, once."""
        if note not in self.notes:
            self.notes.append(note)

    # ------------------------------------------------------------------ the report

    def report(self, partial: str = "") -> Report:
        """Return what is known so far as a whole report; `partial` says why it is not all."""
        controls = {name: entry.control for name, entry in self.entries.items()}
        observations = tuple(sorted(self.observations.values(), key=_order))
        comments = self._comments()
        found = correlate.findings(observations, controls, self.joined, comments)
        sifted = suppression.sift(found, comments, self.inputs.accepted, self.today)
        incomplete = self.inputs.incomplete or self._incomplete()
        ungraded = partial or incomplete or self._ungraded(found)
        return Report(
            targets=self.inputs.targets,
            findings=sifted.counting,
            suppressed=sifted.suppressed,
            observations=observations,
            coverage=self._coverage(),
            skips=tuple(sorted({*self.skips, *self._unfilled(), *self._asked_as_strangers()}, key=_kind_first)),
            failures=tuple(self.failures),
            ungraded=ungraded,
            incomplete=incomplete,
            partial=partial,
            notes=(
                *self.inputs.notes,
                *self.notes,
                *self.joined.learnt,
                *self._left_out(),
                *sifted.notes,
                *suppression.oddities(comments, self.entries),
                *(() if partial or incomplete else self._idle(comments, found)),
            ),
            controls=controls,
            pages={name: entry.page for name, entry in self.entries.items()},
            version=__version__,
            matrix=tuple(cleaned_row(row, self.known) for row in matrix(self.joined.views)),
        )

    def _unfilled(self) -> list[Skip]:
        eligible = self._eligible()
        views = self.plan.unfilled if self.plan else ()
        why = "no value is known for a parameter"
        return [Skip(str(view.endpoint), why) for view in views if view.endpoint not in eligible]

    def _asked_as_strangers(self) -> list[Skip]:
        """Return the witnesses that the credential did not open, where the scan counts as done without them."""
        return [
            Skip(f"the {live.target.witness.value} with a credential", live.shortfall, "witness")
            for live in self.lives
            if live.shortfall and not self._counts(live)
        ]

    def _comments(self) -> Comments:
        """Return what source and specifications suppress: reasons without secrets, endpoints as they are shown."""
        written = (*self.inputs.ignores, *(each for document in self.inputs.documents for each in document.ignores))
        return Comments(
            replace(
                ignore,
                reason=redact(ignore.reason, self.known),
                endpoints=tuple(map(self.joined.canonical, ignore.endpoints)),
            )
            for ignore in written
        )

    def _idle(self, comments: Comments, found: Sequence[Finding]) -> tuple[str, ...]:
        """State which suppressions a whole scan finds nothing for."""
        return *suppression.idle(comments, self._fully_asked()), *suppression.gone(self.inputs.accepted, found)

    def _fully_asked(self) -> set[str]:
        """Return the controls that this scan could ask of every witness that they have."""
        there = {"joint"}
        there.update(("spec",) if self.inputs.documents else ())
        there.update(("source", "manifest", "configuration", "frontend") if self.inputs.project else ())
        there.update(("app",) if self.inputs.snapshot else ())
        there.update(("wire", "mutate", "probe") if self.lives else ())
        return {control for control, entry in self.entries.items() if set(entry.hooks) - {"fix"} <= there}

    def _left_out(self) -> list[str]:
        """State how much was left out because of where it stands."""
        files, verdicts = self._outside(), self.source.left_out if self.source else 0
        if not files and not verdicts:
            return []
        whole = f"{files} whole {'file' if files == 1 else 'files'}"
        parts = f"{verdicts} broken {'promise' if verdicts == 1 else 'promises'} in other files"
        return [f"left out as tests or other people's code: {whole}, and {parts}; --include-tests judges them"]

    def _outside(self) -> int:
        return sum(state.state is State.LEFT_OUT for state in self.source.files) if self.source else 0

    def _coverage(self) -> Coverage:
        states = self.source.files if self.source else ()
        by_witness = {live.target.witness: live.recorder.sent for live in self.lives}
        return Coverage(
            operations_in_spec=sum(len(document.operations) for document in self.inputs.documents),
            operations=len(self.joined.views),
            eligible=len(self._eligible()),
            reached=len(self._reached()),
            files=len(states),
            files_analysed=sum(state.state is State.ANALYSED for state in states),
            files_irrelevant=sum(state.state is State.NOT_RELEVANT for state in states),
            files_left_out=self._outside(),
            requests=by_witness.get(Witness.WIRE, 0),
            app_requests=by_witness.get(Witness.APP, 0),
            seconds=time.monotonic() - self.started,
            witnesses=tuple(self._witnesses()),
            identity=any(live.identity for live in self.lives),
            controls_asked=tuple(sorted(self.asked)),
        )

    def _reached(self) -> set[Endpoint]:
        """Return the operations that answered for themselves: their door was judged, or somebody was let in."""
        return {b.endpoint for live in self.lives for b in live.baselines if b.reached}

    def _incomplete(self) -> str:
        """Return why the scan cannot count as done, or an empty text."""
        if self.failures:
            return f"{len(self.failures)} checks crashed"
        for live in self.lives:
            if live.shortfall and self._counts(live):
                return f"{live.target.witness.value}: {live.shortfall}"
        expected = self._expected()
        if self.lives and not expected:
            return "no operation could be asked"
        reached = expected & self._reached()
        if len(reached) < REACHED_SHARE * len(expected):
            return f"only {len(reached)} of {len(expected)} eligible operations were reached"
        return self._unread()

    def _expected(self) -> set[Endpoint]:
        """Return the eligible operations without which the scan is not done: the promised ones, where any are.

        What a specification leaves out is often another part of the application, with a login of its own.
        """
        eligible = self._eligible()
        promised = {view.endpoint for view in self.joined.views if view.operation}
        return eligible & promised or eligible

    def _counts(self, live: LiveScan) -> bool:
        """Tell whether the scan is incomplete without what this API did not answer.

        The application in its child process may have another database or other keys than the API that is served. Where
        the credential worked over the wire, it is not what is wrong, and the application was asked as a stranger.
        """
        wire = any(other.worked for other in self.lives if other.target.witness is Witness.WIRE)
        return bool(live.died) or live.target.witness is Witness.WIRE or not wire

    def _unread(self) -> str:
        """Return that too many of the source files could not be read, or an empty text."""
        states = self.source.files if self.source else ()
        unread = sum(state.state.unread for state in states)
        if unread > UNREAD_SHARE * len(states):
            return f"{unread} of {len(states)} source files could not be read"
        return ""

    def _ungraded(self, found: Sequence[Finding]) -> str:
        """Return why a complete scan has no grade, or an empty text."""
        if not self.lives:
            return "neither the wire nor the application was asked"
        if not any(live.identity for live in self.lives):
            return "no identity was given"
        telling = any(finding.proven and finding.severity.rank >= Severity.MEDIUM.rank for finding in found)
        if not any(live.worked for live in self.lives) and not telling:
            return "no operation asked for a credential"
        return ""


def _order(observation: Observation) -> tuple[str, int, bool, list[str], str, str]:
    verdict = observation.verdict
    spoken = list(Witness).index(observation.witness)
    places = str(verdict.place) if verdict.place else ""
    return observation.control, spoken, verdict.kept, list(map(str, verdict.endpoints)), places, verdict.message


def _kind_first(skip: Skip) -> tuple[str, str, str]:
    return skip.kind, skip.what, skip.why
