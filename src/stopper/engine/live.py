"""Asking a running API: the same steps over the wire and over the application's child process.

The conversations themselves are sans-I/O (proof.py and the controls' probes); this module decides which are held, in
which order, and what they mean for the scan. What is sent goes through `recorder.py`.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TypeVar
from urllib.parse import urlsplit

from stopper import proof
from stopper.controls import Entry
from stopper.engine import canary
from stopper.engine.guessing import Guessing, guessed
from stopper.engine.identities import Renewal
from stopper.engine.plan import Plan, Step, common_folder, filled, guard_of, request_for
from stopper.engine.published import Published, published_keys
from stopper.engine.recorder import CutShortError, Listener, Recorder, Target
from stopper.io.files import FileError
from stopper.model import Scope, Skip, Verdict, Witness
from stopper.observe.app.signing import with_private_key
from stopper.observe.views import (
    Access,
    Baseline,
    Credential,
    EndpointView,
    Exchange,
    Live,
    NotAskedError,
    OwnKeys,
    Purpose,
    Request,
    Tls,
)
from stopper.observe.wire import jwt, keys, lock
from stopper.observe.wire.compare import alike, answer_in_words, refused, succeeded, unstable
from stopper.proof import Ask, Batch, Outcome, Trial
from stopper.secret import Secret, fingerprint

Result = TypeVar("Result")

RESERVE = 30
"""Requests that are kept for what is asked once: one operation's probes, those of the application, and the end."""

APPLICATION_TRIES = 2
"""Operations from which a probe of the whole application starts, where the first one's answers say nothing."""

_MOST_SALTS = 100
"""Values at hand that are tried as salts, each with every key at hand."""

_GUESSED_FOR = "BT208"
"""The control that says what came of guessing; where it is not asked, keys are not guessed."""

_FEW = 4
"""Mutants that are sent together where the credential ends before many are."""

_ENDS_ACCOUNT = frozenset({"BT424", "BT503"})
"""Controls after which the throw-away identity may be locked out, have another password, or be gone: asked last."""

_CLOSED = (Access.GUARDED, Access.ANY_TOKEN)

SPENT_ON_STATE = 30
"""Requests beside those for samples that the throw-away identity's conversations may take."""

DOORS_AT_ONCE = 8
"""Operations that are asked for their doors at the same time; the client keeps to the rate all the same."""

MUTANT_SHARE = 0.45
"""Share of the budget that mutants may take; the rest is for the operations' doors and for probes."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Which mutant of a control was accepted first, and the cause that was given for it."""

    label: str
    cause: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a probe said, before it is known that the credential worked until its end."""

    name: str
    entry: Entry
    live: Live
    verdicts: tuple[Verdict, ...]
    answers: tuple[Exchange, ...]


@dataclass(slots=True)
class LiveScan:
    """One running API asked step by step; the results are read when `run` is done.

    `steps` are the operations asked so far, `baselines` what was learnt of their doors; `identity` is the credential
    of the scan; `refusal` says why there is none although a login was configured; `died` why it was cut short.
    `guessing` says how the key of the credential is guessed, `names` are what the API is called. `mutated` is the
    credential that mutants were made of last, `opening` are the guessed keys that open it, `said` is what probes said
    since the credential was last seen to work; `spendable` is a token of the throw-away identity. `renewing` is held
    while somebody looks whether the credential has ended.
    """

    target: Target
    plan: Plan
    entries: Mapping[str, Entry]
    keys: Sequence[Secret]
    listener: Listener
    recorder: Recorder
    steps: list[Step] = field(default_factory=list)
    baselines: list[Baseline] = field(default_factory=list)
    identity: Credential | None = None
    refusal: str = ""
    died: str = ""
    tls: Tls | None = None
    renewing: asyncio.Lock = field(default_factory=asyncio.Lock)
    guessing: Guessing = field(default_factory=Guessing)
    names: Sequence[str] = ()
    mutated: Credential | None = None
    opening: tuple[bytes, ...] = ()
    said: list[Said] = field(default_factory=list)
    spendable: Credential | None = None
    renewal: Renewal = field(init=False)

    def __post_init__(self) -> None:
        """Begin with a credential that nothing renews."""
        self.renewal = Renewal(self.target, self.recorder, self.listener)

    async def run(self) -> None:
        """Log in, calibrate, ask every operation's door, then send mutants and probes where a door was found."""
        try:
            await self._log_in()
            self.tls = await self.target.handshake() if self.target.handshake else None
            missing = await self._calibrate()
            lives = await self._doors(self.plan.steps, missing)
            unfilled = self.plan.unfilled
            while steps := filled(unfilled, self.baselines):
                lives += await self._doors(steps, missing)
                asked = {step.endpoint for step in steps}
                unfilled = tuple(view for view in unfilled if view.endpoint not in asked)
            groups = self._groups(lives)
            await self._mutate_all(groups)
            await self._log_in_to_spend()
            spending = [each for each in self._asked("probe") if each[1].control.scope is Scope.IDENTITY]
            for name, entry in self._asked("probe"):
                if (name, entry) not in spending:
                    await self._probe_all(name, entry, lives, groups)
            await self._still_alive(lives)
            if not self.died:
                await self._spend(spending, groups)
                self._settle()
                await self._sweep([*self.plan.changing, *unfilled])
        except CutShortError as cut:
            self.listener.skipped(Skip(f"the rest of the {self.target.witness.value} scan", str(cut), "budget"))
            self.died = str(cut)
        finally:
            self._settle()

    # ------------------------------------------------------------------ who we are

    async def _log_in(self) -> None:
        """Take the first credential there is as the identity: of the logins in their order, else the given token."""
        for login in self.target.logins:
            began = monotonic()
            made = await self.renewal.log_in(login, self.target.base)
            if not isinstance(made, Credential):
                self.refusal = self.refusal or made
                self.listener.skipped(Skip(f"a login over the {self.target.witness.value}", made, "login"))
            elif self.identity is None:
                self.identity = made
                self.renewal.login, self.renewal.since = login, began
        if self.target.clear and self.target.may_send_clear:
            await self._log_in_clear()
        self.identity = self.identity or self.target.token or await self._minted()
        if self.identity:
            self.refusal = ""
            self.identity = await self._opened(self._keyed(self.identity))
            await self._find_public_keys(self.identity)

    async def _minted(self) -> Credential | None:
        """Return a credential that the application's own library made, where nobody said how to get one."""
        if self.target.mint is None or self.target.logins:
            return None
        made = await self.target.mint([request_for(step, self.target.base) for step in self.plan.steps])
        if made is None:
            return None
        token, library = made
        self.listener.learnt(token)
        self.listener.noted(f"no identity was given: a token was made by {library} with the application's own key")
        return jwt.credential(token.reveal())

    async def _log_in_clear(self) -> None:
        """Log in over plain HTTP; off this machine with the throw-away identity alone, where there is one."""
        given = self.target.throwaway
        if given and not self._near:
            path = given.login.url.removeprefix(self.target.base.rstrip("/"))
            request = replace(given.login, url=self.target.clear.rstrip("/") + path)
            self.renewal.learnt(given.read(await self.recorder.send(request)))
            return
        for login in self.target.logins:
            await self.renewal.log_in(login, self.target.clear)

    def _keyed(self, identity: Credential) -> Credential:
        """Return the credential with what signs by a key at hand, or by one that was guessed before."""
        held = identity if identity.sign else with_private_key(jwt.with_key(identity, self.keys), self.keys)
        known = [key.reveal().encode("utf-8", "surrogatepass") for key in self.keys]
        # Salts of itsdangerous stand beside the keys, in settings and constants of such names.
        salts = [key.reveal() for key in self.keys[:_MOST_SALTS]]
        locks = lock.locks(held.token.reveal(), (*self.guessing.salts, *salts))
        at_hand = lock.opened(locks, [*known, *self.opening])
        return lock.holding(held, *at_hand) if at_hand and not held.sign else held

    async def _opened(self, held: Credential) -> Credential:
        """Return the credential with what came of guessing its key, and what signs by that key."""
        if _GUESSED_FOR not in self.entries:
            return held
        found = lock.locks(held.token.reveal(), self.guessing.salts)
        try:
            result = await guessed(found, self._names(), self.guessing, self.listener.tried)
        except FileError as error:
            self.listener.skipped(Skip("guesses at the key", str(error), "control"))
            return held
        if result.unfinished:
            self.listener.skipped(Skip("further guesses at the key", result.unfinished, "control"))
        if result.resumed:
            why = "tried by an earlier scan, as the file of --guess-state says"
            self.listener.skipped(Skip(f"the first {result.resumed:,} blocks of guesses at the key", why, "control"))
        guess = result.guess
        if guess.key is None or guess.lock is None:
            return replace(held, guesses=guess.tried)
        said = f"{guess.kind} ({guess.lock.name}, fingerprint {fingerprint(guess.key)})"
        self.opening = (guess.key,)
        known = replace(held, guessed=said, guesses=guess.tried)
        return known if held.sign or held.seal else lock.holding(known, guess.lock, guess.key)

    def _names(self) -> list[str]:
        """Return the words of the host and of the API's names, whole ones first."""
        host = urlsplit(self.target.base).hostname or ""
        words = [word for text in (host, *self.names) for word in re.split(r"[^A-Za-z0-9]+", text)]
        return list(dict.fromkeys((host, *self.names, *(word for word in words if len(word) > 2))))

    async def _find_public_keys(self, identity: Credential) -> None:
        """Learn by which public keys the credential is verified: from the keys at hand, else from those published."""
        if identity.jwt is None or not keys.asymmetric(str(identity.jwt.header.get("alg"))):
            return
        self.identity = keys.with_public_keys(identity, [key.reveal() for key in self.keys])
        if not self.identity.public_keys:
            published = await self.recorder.drive(published_keys(self.target.base), None)
            self.identity = keys.with_public_keys(identity, published.keys)
            self._note(published, len(self.identity.public_keys))
        if not self.identity.public_keys:
            found = keys.recovered(await self._tokens(identity))
            self.identity = keys.with_public_keys(identity, found)

    def _note(self, published: Published, verifying: int) -> None:
        """Say where keys are published, and whether the credential is verified by one."""
        if published.url:
            named = f", as {published.metadata} says" if published.metadata else ""
            what = "one of them verifies the token" if verifying else "none of them verifies the token"
            self.listener.noted(f"public keys were found at {published.url}{named}; {what}")
        else:
            self.listener.noted("no public keys are published at the usual places of the API")

    async def _tokens(self, identity: Credential) -> list[str]:
        """Return tokens of one key: the credential, those that came with it, and one of another login."""
        tokens = [identity.token, *(token for _, token in identity.siblings)]
        if identity.disposable and self.target.logins and len(tokens) == 1:
            made = await self.renewal.log_in(self.target.logins[0], self.target.base)
            if isinstance(made, Credential):
                tokens.append(made.token)
        return [token.reveal() for token in tokens]

    async def _log_in_to_spend(self) -> None:
        """Take a token of the throw-away identity for what crosses plain HTTP, where one of the scan's own must not."""
        given = self.target.throwaway
        if given and self.target.clear and self.target.may_send_clear and not self._near:
            made = self.renewal.learnt(given.read(await self.recorder.send(given.login)))
            self.spendable = made if isinstance(made, Credential) else None

    @property
    def _near(self) -> bool:
        """Tell whether what is sent stays on this machine."""
        return self.target.loopback or self.target.witness is Witness.APP

    @property
    def _expendable(self) -> Credential | None:
        """Return the credential that may cross plain HTTP."""
        if not self.identity or not self.target.may_send_clear:
            return None
        if self._near:
            return self.identity
        return self.spendable if self.target.throwaway else self.identity if self.identity.disposable else None

    async def _keep_alive(self) -> None:
        """Renew the credential where its end is near."""
        if self.identity and self.renewal.due(self.identity):
            await self._renew_ahead(self.identity)

    async def _renew_ahead(self, held: Credential) -> None:
        self._renew(held, await self.renewal.ahead(held))

    def _renew(self, held: Credential, following: Credential) -> None:
        """Put another credential in the place of one that ends, with what is known of its key."""
        made = self._keyed(following)
        self.identity = replace(made, public_keys=held.public_keys, guessed=held.guessed, guesses=held.guesses)

    async def _ended(self) -> bool:
        """Tell whether the credential has ended, where that can be mended: then it is renewed.

        It is asked where it was let in before; what is refused there as a stranger is has ended.
        """
        shown = next((each for each in self.baselines if each.original and each.access in _CLOSED), None)
        if not self.identity or not shown or not shown.nothing or self.renewal.login is None:
            return False
        request = proof.presented(shown.nothing.request, self.identity)
        again = await self.recorder.ask(request, Purpose.ORIGINAL, shown.endpoint)
        if not refused(again) or alike(again, shown.original):
            self.renewal.worked()
            return False
        self.renewal.ended()
        self._renew(self.identity, await self.renewal.renewed(self.identity))
        return True

    def _own_keys(self) -> OwnKeys | None:
        """Serve the public key of our own for the credential's algorithm, where the user allowed it to be fetched."""
        if not self.target.documents or not self.identity or not self.identity.jwt:
            return None
        own = keys.own(str(self.identity.jwt.header.get("alg")))
        named = {"kid": self.identity.jwt.header["kid"]} if "kid" in self.identity.jwt.header else {}
        document = json.dumps({"keys": [{**own.jwk, "use": "sig", "alg": own.algorithm, **named}]})
        return OwnKeys(self.target.documents.serve(document.encode()), self.target.documents.fetched)

    async def _calibrate(self) -> Exchange:
        """Ask for a path that cannot exist beside the operations: what answers like it is a soft 404 or a catch-all."""
        request = self._impossible()
        return await self.recorder.ask(
            proof.presented(request, self.identity) if self.identity else request, Purpose.CALIBRATION
        )

    def _impossible(self) -> Request:
        """Return a request for a path that no known template fits, as near to the operations as can be."""
        parts = urlsplit(self.target.base)
        folder = common_folder([request_for(step, self.target.base).url for step in self.plan.steps])
        above = [folder[:end] for end in range(len(folder), -1, -1) if folder[end : end + 1] in ("", "/")]
        for each in (*above, f"/{secrets.token_hex(4)}", ""):
            request = Request("GET", f"{parts.scheme}://{parts.netloc}{each}/{secrets.token_hex(12)}")
            if not self.recorder.named(request):
                break
        return request  # where one rule serves all there is, even the last of them is known by it

    @property
    def worked(self) -> bool:
        """Tell whether an operation that turns strangers away let the credential in."""
        return any(baseline.original and baseline.access in _CLOSED for baseline in self.baselines)

    @property
    def shortfall(self) -> str:
        """Return why this API cannot count as asked with a credential, or an empty text."""
        if self.died or self.refusal:
            return self.died or self.refusal
        if self.baselines and all(unstable(baseline.nothing) for baseline in self.baselines):
            return f"no usable answer: {answer_in_words(self.baselines[0].nothing)}"
        closed = [baseline for baseline in self.baselines if baseline.original and not succeeded(baseline.nothing)]
        if self.worked or not closed:
            return ""
        let_in = next((each for each in closed if succeeded(each.original) and not refused(each.nothing)), None)
        if let_in is None:
            return "the credential was accepted nowhere"
        answer = answer_in_words(let_in.nothing)
        return f"{let_in.endpoint} takes the credential, but without one it is no refusal that comes: {answer}"

    # ------------------------------------------------------------------ every operation's door

    async def _doors(self, steps: Sequence[Step], missing: Exchange) -> list[Live]:
        """Ask at several doors at a time; what is learnt keeps the order of the steps."""
        self.steps.extend(steps)
        # What the application logs meanwhile is laid at the door of one request: it is asked one by one.
        turns = asyncio.Semaphore(DOORS_AT_ONCE if self.target.witness is Witness.WIRE else 1)

        over = asyncio.Event()

        async def door(step: Step) -> Live | None:
            async with turns:
                if over.is_set():
                    return None
                try:
                    return await self._door(step, missing)
                except BaseException:
                    over.set()
                    raise

        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(door(step)) for step in steps]
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None  # the first one has ended the others
        finally:
            order = {step.endpoint: number for number, step in enumerate(self.steps)}
            self.baselines.sort(key=lambda baseline: order[baseline.endpoint])
        return [live for task in asked if (live := task.result())]

    async def _door(self, step: Step, missing: Exchange) -> Live | None:
        request = request_for(step, self.target.base)
        held = self.identity
        baseline = await self._baseline(step, request, missing)
        if refused(baseline.original) and alike(baseline.original, baseline.random) and await self._renewed(held):
            baseline = await self._baseline(step, request, missing)
        self.baselines.append(baseline)
        clear = request_for(step, self.target.clear) if self.target.clear else None
        clear_nothing = await self._ask_in_clear(step, clear, baseline) if clear else None
        if baseline.access is Access.UNCLEAR:
            self.listener.skipped(Skip(f"{step.endpoint} over the {self.target.witness.value}", baseline.why))
            return None
        return Live(
            endpoint=step.endpoint,
            witness=self.target.witness,
            request=request,
            baseline=baseline,
            clear=clear,
            clear_nothing=clear_nothing,
            credential=self.identity,
            operation=step.view.operation,
            loopback=self.target.loopback,
            may_send_clear=self.target.may_send_clear,
            own_keys=self._own_keys(),
            tls=self.tls,
        )

    async def _renewed(self, held: Credential | None) -> bool:
        """Tell whether a credential has ended and another one is held now; one door at a time looks."""
        async with self.renewing:
            return self.identity is not held or await self._ended()

    async def _baseline(self, step: Step, request: Request, missing: Exchange) -> Baseline:
        async with self.renewing:
            await self._keep_alive()
        stranger = self._stranger()
        conversation = proof.establish(step.endpoint, self.target.witness, request, stranger, self.identity, missing)
        baseline = await self.recorder.drive(conversation, step.endpoint)
        if baseline.original and baseline.access in _CLOSED:
            self.renewal.worked()
        return baseline

    async def _ask_in_clear(self, step: Step, clear: Request, baseline: Baseline) -> Exchange:
        """Ask over plain HTTP with nothing; a token endpoint also with the credential, where that may be risked.

        One that refuses plain HTTP or redirects it, and not for want of a credential, is sent none.
        """
        nothing = await self.recorder.ask(clear, Purpose.CLEAR, step.endpoint)
        issues = step.view.operation and step.view.operation.issues_token
        served = succeeded(nothing) or alike(nothing, baseline.nothing)
        if issues and served and self.identity and self.target.may_send_clear:
            await self.recorder.ask(proof.presented(clear, self.identity), Purpose.CLEAR, step.endpoint)
        return nothing

    def _stranger(self) -> Credential:
        """Return a random credential of the identity's shape, else an opaque one."""
        if self.identity:
            return self.identity.changed(jwt.random_like(self.identity.token.reveal()), jwt.RANDOM)
        return Credential(Secret(secrets.token_urlsafe(32)), label=jwt.RANDOM)

    def _groups(self, lives: Iterable[Live]) -> list[list[Live]]:
        """Return the operations by credential check; what is true of one member is true of all, until shown else."""
        guards = {step.endpoint: guard_of(step.view) for step in self.steps}
        grouped: dict[tuple[object, ...], list[Live]] = defaultdict(list)
        for live in lives:
            if live.baseline.access in (Access.GUARDED, Access.ANY_TOKEN):
                grouped[guards[live.endpoint], live.baseline.access].append(live)
        # The largest group that asks for a true credential speaks best for the others.
        return sorted(grouped.values(), key=lambda lives: (lives[0].baseline.access is not Access.GUARDED, -len(lives)))

    # ------------------------------------------------------------------ mutants

    async def _mutate_all(self, groups: Sequence[Sequence[Live]]) -> None:
        """Send every mutant to the first operation of the first group, and to the other groups what tells most.

        Where another group stands behind the same decoder its answers agree; where it does not, one request for each
        control shows it. The worst faults come first; what the budget has no room for is said.
        """
        share = self.recorder.sent + round(self.recorder.budget * MUTANT_SHARE)
        # Renewals raise the budget by what they take: what is kept back of it stays the same.
        in_clear = sum(map(len, groups)) if self.target.clear else 0  # each is asked over plain HTTP as well (BT102)
        kept_back = self.recorder.budget - min(share, self.recorder.budget - RESERVE - in_clear)
        shown: dict[str, Shown] = {}
        for number, members in enumerate(groups):
            batches = self._batches(self.identity or self._stranger())
            if number:
                room = (self.recorder.budget - kept_back - self.recorder.sent) // (len(groups) - number)
                batches = self._narrowed(members[0], batches, shown, room)
            await self._mutate(members, batches, shown)

    def _narrowed(self, live: Live, batches: Sequence[Batch], shown: Mapping[str, Shown], room: int) -> list[Batch]:
        """Return of each control the mutants to send to one more group: first those that were accepted elsewhere."""
        chosen: list[Batch] = []
        left_out: list[str] = []
        for batch in sorted(batches, key=lambda batch: -self.entries[batch.control].control.severity.rank):
            known = shown.get(batch.control)
            first = sorted(batch.mutants, key=lambda mutant: not known or mutant.label != known.label)
            mutants = tuple(first[: self.plan.per_group or None])
            cost = sum(mutant.label != jwt.RANDOM for mutant in mutants)
            if cost < room:  # one request is for the credential itself, at the end
                chosen.append(replace(batch, mutants=mutants))
                room -= cost
            elif mutants:
                left_out.append(batch.control)
        if left_out:
            why = f"left out for the budget of requests on this operation: {', '.join(sorted(left_out))}"
            self.listener.skipped(Skip(str(live.endpoint), why, "control"))
        return sorted(chosen, key=lambda batch: self._depth(batch.control))

    async def _mutate(self, members: Sequence[Live], batches: Sequence[Batch], shown: dict[str, Shown]) -> None:
        """Send mutants to the first operation of a group, and what it accepted to each of the others, once.

        What the first one's answers did not decide is asked of a second one.
        """
        accepted, undecided = await self._attempt(members[0], batches, shown)
        narrowed = [
            Batch(control, (trial.mutant,), self.entries[control].control.implied_by)
            for control, trial in accepted.items()
        ]
        again = [batch for batch in batches if batch.control in undecided]
        for number, live in enumerate(members[1:]):
            asked = narrowed if number else sorted(narrowed + again, key=lambda batch: self._depth(batch.control))
            if asked:
                await self._attempt(live, asked, shown)

    def _batches(self, credential: Credential) -> list[Batch]:
        self.mutated = credential
        batches: list[Batch] = []
        for name, entry in self._asked("mutate"):
            try:
                mutants = tuple(entry.hooks["mutate"](credential))
            except Exception as error:  # a control's own fault must not end the scan
                self.listener.crashed(name, "a credential", error)
                continue
            batches.append(Batch(name, mutants, entry.control.implied_by))
        return sorted(batches, key=lambda batch: self._depth(batch.control))

    def _depth(self, control: str) -> int:
        above = [parent for parent in self.entries[control].control.implied_by if parent in self.entries]
        return 1 + max(map(self._depth, above)) if above else 0

    async def _attempt(
        self, live: Live, batches: Sequence[Batch], shown: dict[str, Shown]
    ) -> tuple[dict[str, Trial], set[str]]:
        """Return, per control that was shown broken, the first accepted trial, and the controls left undecided."""
        results = await self._tried(live, batches)
        accepted: dict[str, Trial] = {}
        undecided: set[str] = set()
        for control, trials in results.items():
            first = next((trial for trial in trials if trial.outcome is Outcome.ACCEPTED), None)
            if first:
                accepted[control] = first
                shown.setdefault(control, Shown(first.mutant.label, self._cause(live)))
            verdict = proof.verdict(live, trials, self._shared_cause(live, first, shown.get(control)))
            if verdict:
                self.listener.judged(control, self.target.witness, verdict)
            else:
                undecided.add(control)
                self.listener.skipped(Skip(f"{control} on {live.endpoint}", "the answers prove nothing", "control"))
        return accepted, undecided

    async def _tried(self, live: Live, batches: Sequence[Batch]) -> Mapping[str, tuple[Trial, ...]]:
        """Send mutants of the credential as it is now; where it ends meanwhile, once more, a few at a time."""
        results = await self._sent(live, batches)
        outcomes = {trial.outcome for trials in results.values() for trial in trials}
        if outcomes - {Outcome.INCONCLUSIVE}:
            self.renewal.worked()
        if outcomes != {Outcome.INCONCLUSIVE} or not await self._ended():
            return results
        again: dict[str, tuple[Trial, ...]] = {}
        accepted: set[str] = set()
        for batch in batches:
            for first in range(0, len(batch.mutants), _FEW):
                if not accepted.intersection((batch.control, *batch.implied_by)):
                    if self.identity:
                        await self._renew_ahead(self.identity)
                    few = replace(batch, mutants=batch.mutants[first : first + _FEW])
                    trials = (await self._sent(live, [few])).get(batch.control, ())
                    again[batch.control] = (*again.get(batch.control, ()), *trials)
                    accepted |= {batch.control} if any(t.outcome is Outcome.ACCEPTED for t in trials) else set()
        return again

    async def _sent(self, live: Live, batches: Sequence[Batch]) -> Mapping[str, tuple[Trial, ...]]:
        await self._keep_alive()
        return await self.recorder.drive(proof.attempt(self._now(live), self._remade(batches)), live.endpoint)

    def _now(self, live: Live) -> Live:
        """Return the operation with the credential as it is now."""
        return replace(live, credential=self.identity, expendable=self._expendable)

    def _remade(self, batches: Sequence[Batch]) -> Sequence[Batch]:
        """Return the same mutants of the credential as it is now: those of one that has ended would prove nothing."""
        if self.identity is None or self.identity is self.mutated:
            return batches
        made = {batch.control: batch.mutants for batch in self._batches(self.identity)}
        kept = ((batch, {mutant.label for mutant in batch.mutants}) for batch in batches)
        return [
            replace(batch, mutants=tuple(mutant for mutant in made[batch.control] if mutant.label in labels))
            for batch, labels in kept
        ]

    def _shared_cause(self, live: Live, accepted: Trial | None, known: Shown | None) -> str:
        """Return the cause of the operation at which this very mutant was accepted first: one decoder, one root."""
        same = accepted and known and accepted.mutant.label == known.label
        return known.cause if known and same else self._cause(live)

    def _cause(self, live: Live) -> str:
        """Return what operations have in common that accept the same mutant: one check, where the source shows it."""
        view = next(step.view for step in self.steps if step.endpoint == live.endpoint)
        known = view.route is not None and view.route.guards
        return " ".join(("the credential check", *guard_of(view))) if known else "the credential check"

    # ------------------------------------------------------------------ probes

    async def _probe_all(
        self, name: str, entry: Entry, lives: Sequence[Live], groups: Sequence[Sequence[Live]]
    ) -> None:
        """Hold a control's conversation as often as its scope demands."""
        if entry.control.scope is Scope.OPERATION:
            left_out = 0
            for live in lives:
                if self.recorder.budget - self.recorder.sent < RESERVE and self._would_ask(entry, live):
                    left_out += 1
                else:
                    await self._probe(name, entry, live)
            if left_out:
                why = f"left out on {left_out} operations for the budget of requests"
                self.listener.skipped(Skip(name, why, "control"))
        elif entry.control.scope is Scope.GUARD:
            for number, members in enumerate(groups):
                if number and self.recorder.budget - self.recorder.sent < RESERVE:
                    why = f"left out on {len(groups) - number} groups of operations for the budget of requests"
                    self.listener.skipped(Skip(name, why, "control"))
                    return
                thorough = number == 0 or not self.plan.per_group
                await self._probe(name, entry, replace(members[0], thorough=thorough))
        else:
            for live in lives[:APPLICATION_TRIES]:
                if await self._probe(name, entry, live):
                    return

    def _would_ask(self, entry: Entry, live: Live) -> bool:
        """Tell whether a control's conversation sends anything, or judges by the answers that are there already."""
        try:
            entry.hooks["probe"](self._now(live)).send(None)
        except Exception:  # its end, or what is told where the conversation is held
            return False
        return True

    async def _spend(self, spending: Sequence[tuple[str, Entry]], groups: Sequence[Sequence[Live]]) -> None:
        """Ask at the end what ends sessions or makes many: with the throw-away identity, on top of the budget."""
        given = self.target.throwaway
        if given is None or not groups:
            why = "no operation asks for a credential" if given else "no login is marked `throwaway = true`"
            for name, _ in spending:
                self.listener.skipped(Skip(name, why, "control"))
            return

        def read(exchange: Exchange) -> Credential | str:
            return self.renewal.learnt(given.read(exchange))

        self.recorder.budget += given.samples + given.tries + SPENT_ON_STATE
        another = await self.renewal.log_in(self.target.another, self.target.base) if self.target.another else None
        if isinstance(another, str):
            self.listener.skipped(Skip("the login of another user", another, "login"))
            another = None
        live = replace(groups[0][0], throwaway=replace(given, read=read), another=another)
        # These conversations have tokens of their own; what they spend may be the very account of the identity.
        self.renewal.login = None
        for name, entry in sorted(spending, key=lambda each: each[0] in _ENDS_ACCOUNT):
            await self._probe(name, entry, live)

    async def _probe(self, name: str, entry: Entry, live: Live) -> Sequence[Verdict]:
        """Hold a control's conversation; what it says counts once the credential is seen to work afterwards."""
        self.said.append(await self._conversed(name, entry, live))
        said = self.said[-1]
        if self.renewal.doubtful(self.identity):
            if await self._ended():
                said = await self._say_again()
            self._settle()
        return said.verdicts

    async def _conversed(self, name: str, entry: Entry, live: Live) -> Said:
        await self._keep_alive()
        live = self._now(live)
        answers: list[Exchange] = []
        verdicts = await self._verdicts(name, entry, live, answers)
        return Said(name, entry, live, verdicts, tuple(answers))

    def _settle(self) -> None:
        """Let what the probes said count."""
        for said in self.said:
            for verdict in said.verdicts:
                self.listener.judged(said.name, self.target.witness, verdict)
            useless = next((answer for answer in said.answers if unstable(answer)), None)
            if useless and not said.verdicts:
                why = f"an answer proves nothing: {answer_in_words(useless)}"
                self.listener.skipped(Skip(f"{said.name} on {said.live.endpoint}", why, "control"))
        self.said.clear()

    async def _verdicts(self, name: str, entry: Entry, live: Live, answers: list[Exchange]) -> tuple[Verdict, ...]:
        try:
            conversation = _as_asks(entry.hooks["probe"](live), urlsplit(live.request.url).path, answers)
            return tuple(await self.recorder.drive(conversation, live.endpoint) or ())
        except CutShortError:
            raise
        except NotAskedError as reason:
            self.listener.skipped(Skip(f"{name} on {live.endpoint}", str(reason), "control"))
            return ()
        except Exception as error:  # a control's own fault must not end the scan
            self.listener.crashed(name, str(live.endpoint), error)
            return ()

    def _asked(self, hook: str) -> list[tuple[str, Entry]]:
        """Return the controls with this hook that are asked of this witness (A in the catalogue, for the app)."""
        everywhere = self.target.witness is Witness.WIRE or hook == "mutate"
        return [
            (name, entry)
            for name, entry in self.entries.items()
            if hook in entry.hooks and (everywhere or "A" in entry.control.witnesses.split())
        ]

    # ------------------------------------------------------------------ the end

    async def _sweep(self, views: Sequence[EndpointView]) -> None:
        """Send made-up tokens through what the proofs must not call; whatever the application writes is thrown away."""
        steps = canary.steps(views) if self.target.witness is Witness.APP else []
        called = 0
        try:
            accepted = await self._to_sweep_with() if steps else None
            for step in steps:
                await self._sweep_through(step, accepted)
                called += 1
        except CutShortError as cut:
            what = f"made-up tokens through {canary.names(steps[called:])}"
            self.listener.skipped(Skip(what, str(cut), "control"))
        if called:
            self.listener.noted(
                f"made-up tokens went through {canary.names(steps[:called])} in the application's process, those that "
                "write included; its databases were copies, and files, programs and the network were refused to it"
            )

    async def _sweep_through(self, step: Step, accepted: Credential | None) -> None:
        """Send a token that nobody issued, and one that is let in. Raises CutShortError where nothing may be called."""
        stranger = self._stranger()
        sent = [(stranger, stranger.token), *([(canary.unique(accepted), None)] if accepted else [])]
        for credential, taken in sent:
            self.listener.learnt(credential.token)
            request = canary.asked(step, self.target.base, credential, taken)
            answer = await self.recorder.ask(request, Purpose.CANARY, step.endpoint)
            if answer.error.startswith(canary.REFUSED):
                why = answer.error.removeprefix(canary.REFUSED)
                raise CutShortError(f"what the application writes could not be undone: {why}")

    async def _to_sweep_with(self) -> Credential | None:
        """Return a working credential: a new one, where a login makes it; with what signs, where the API takes that."""
        held = self.identity
        if self.target.logins:
            made = await self.renewal.log_in(self.target.logins[0], self.target.base)
            held = self._keyed(made) if isinstance(made, Credential) else held
        door = next((each for each in self.baselines if each.original and each.access is Access.GUARDED), None)
        if not held or not held.sign or not door or not door.nothing:
            return replace(held, sign=None) if held else None
        minted = canary.unique(held)
        self.listener.learnt(minted.token)
        tried = await self.recorder.ask(proof.presented(door.nothing.request, minted), Purpose.CANARY, door.endpoint)
        return held if alike(tried, door.original) else replace(held, sign=None)

    async def _still_alive(self, lives: Sequence[Live]) -> None:
        """Ask once more what worked at the beginning: a dead token or target makes the scan incomplete."""
        # An open operation would answer with a dead token just as well.
        live = next((live for live in lives if live.baseline.access is not Access.OPEN), next(iter(lives), None))
        first = live.baseline.original or live.baseline.nothing if live else None
        if not live or not first:
            return
        await self._keep_alive()
        last = await self.recorder.ask(self._now(live).with_credential(), Purpose.ORIGINAL, live.endpoint)
        if refused(last) and not alike(last, first) and await self._ended():
            if self.said:
                await self._say_again()
        elif unstable(last):
            self.died = f"the target no longer answers: {answer_in_words(last)}"
        elif not succeeded(last) and not alike(last, first):
            self.died = "the credential no longer works" if self.identity else "the target no longer answers the same"

    async def _say_again(self) -> Said:
        """Hold the conversations once more for which the credential may have ended too early; returns the last one."""
        for place, said in enumerate(self.said):
            self.said[place] = await self._conversed(said.name, said.entry, said.live)
        return self.said[-1]


def _as_asks(
    conversation: Generator[Request, Exchange, Result], home: str, answers: list[Exchange]
) -> Generator[Ask, Exchange, Result]:
    """Turn a control's own conversation, which yields requests, into one that the recorder drives; keep its answers.

    What is asked of another path than the operation's own says nothing of the operation.
    """
    try:
        request = next(conversation)
        while True:
            exchange = yield Ask(request, Purpose.PROBE, elsewhere=urlsplit(request.url).path != home)
            answers.append(exchange)
            request = conversation.send(exchange)
    except StopIteration as stop:
        result: Result = stop.value
        return result
