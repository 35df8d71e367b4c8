"""The proof protocol: what a handful of answers proves about one operation. Sans-I/O.

Conversations are generators that yield what they want asked and are sent the exchange; the engine drives them over
the wire and over the application's child process alike. Four answers are compared: N nothing sent, R a random
credential of the same shape, O the original, M a mutant (everything as in O but for one change).
"""

from __future__ import annotations

import enum
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace

from stopper.model import Endpoint, Evidence, Strength, Verdict, Witness
from stopper.observe.views import Access, Baseline, Credential, Exchange, Live, Purpose, Request
from stopper.observe.wire.compare import REFUSALS, alike, answer_in_words, refused, same_page, succeeded, unstable
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.jwt import RANDOM


@dataclass(frozen=True, slots=True)
class Ask:
    """A request together with why it is sent; `elsewhere` says that it is not for the operation in question."""

    request: Request
    purpose: Purpose
    elsewhere: bool = False


class Outcome(enum.Enum):
    """What became of a mutant."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    CRASHED = "crashed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Trial:
    """One mutant, the answer to it and what that proves."""

    mutant: Credential
    outcome: Outcome
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Batch:
    """One control's mutants, with the ids of the broader controls that imply it."""

    control: str
    mutants: tuple[Credential, ...]
    implied_by: tuple[str, ...] = ()


Conversation = Generator[Ask, Exchange, Baseline]
Proof = Generator[Ask, Exchange, Mapping[str, tuple[Trial, ...]]]


def presented(request: Request, credential: Credential) -> Request:
    """Return the request with the credential presented as it presents itself."""
    return request.with_headers(*credential.headers())


def establish(
    endpoint: Endpoint,
    witness: Witness,
    request: Request,
    stranger: Credential,
    original: Credential | None,
    missing: Exchange | None,
) -> Conversation:
    """Ask N, R and (with an identity) O of one operation, and judge its door.

    `stranger` is a random credential of the original's shape. `missing` is the answer to a path that cannot exist:
    an operation that answers like it is a soft 404 or a catch-all, and nothing is claimed of it.
    """
    nothing = yield Ask(request, Purpose.NOTHING)
    random = yield Ask(presented(request, stranger), Purpose.RANDOM)
    known = (yield Ask(presented(request, original), Purpose.ORIGINAL)) if original else None
    access, why = judge(nothing, random, known, missing)
    settled = not any(exchange and unstable(exchange) for exchange in (nothing, random, known))
    reached = access is not Access.UNCLEAR or (settled and _answers(known or nothing, missing))
    return Baseline(witness, endpoint, access, nothing, random, known, why, reached)


def _answers(exchange: Exchange, missing: Exchange | None) -> bool:
    """Tell whether an operation of which nothing is claimed gave an answer of its own: content, or where to find it."""
    own = succeeded(exchange) or (300 <= _status(exchange) < 400 and not refused(exchange))
    return own and not same_page(exchange, missing)


def judge(
    nothing: Exchange, random: Exchange, original: Exchange | None, missing: Exchange | None
) -> tuple[Access, str]:
    """Return what N, R and O say of an operation's door, and why where they say nothing."""
    present = [exchange for exchange in (nothing, random, original) if exchange]
    for exchange in present:
        if unstable(exchange):
            return Access.UNCLEAR, f"an answer proves nothing: {answer_in_words(exchange)}"
    best = original or nothing
    if _status(best) < 400 and same_page(best, missing):
        return Access.UNCLEAR, "a path that cannot exist is answered the same"
    if _status(best) < 300 and best.request.method == "OPTIONS":
        return Access.UNCLEAR, "an answer to OPTIONS says how to call, not who may"
    if original is None:
        return _judge_stranger(nothing, random)
    if not _let_in(original, nothing, random):
        return Access.UNCLEAR, _why_not(original)
    if succeeded(nothing):
        if alike(nothing, original):
            return Access.OPEN, ""
        return Access.UNCLEAR, "answers with and without a credential, but differently"
    if alike(random, original):
        return Access.ANY_TOKEN, ""
    if succeeded(random):
        return Access.UNCLEAR, "a random credential is answered with success, but differently"
    if refused(nothing) or refused(random):
        return Access.GUARDED, ""
    return Access.UNCLEAR, f"without a credential it answers {_status(nothing)}"


def _judge_stranger(nothing: Exchange, random: Exchange) -> tuple[Access, str]:
    if succeeded(nothing):
        return Access.OPEN, ""
    if not refused(nothing):
        return Access.UNCLEAR, f"without a credential it answers {_status(nothing)}"
    if succeeded(random):
        return Access.ANY_TOKEN, ""
    return Access.GUARDED, ""


def _let_in(original: Exchange, nothing: Exchange, random: Exchange) -> bool:
    """Tell whether the credential was let in.

    Words that sound like a refusal ("you need a token to see this") count for little where the API refuses by status.
    """
    by_status = 200 <= _status(original) < 300 and _status(nothing) in REFUSALS
    return succeeded(original) or (by_status and not alike(original, random))


def _status(exchange: Exchange) -> int:
    return exchange.response.status if exchange.response else 0


def _why_not(original: Exchange) -> str:
    if refused(original):
        return f"the credential is not accepted here (status {_status(original)})"
    return f"with the credential it answers {_status(original)}"


def attempt(live: Live, batches: Sequence[Batch]) -> Proof:
    """Send each batch's mutants, repeat what was accepted once, and ask O again at the end: it must still work.

    A batch whose broader control was just shown broken here is not sent: it would prove nothing more. Where O no
    longer works at the end nothing was proven, and every trial is inconclusive.
    """
    results: dict[str, tuple[Trial, ...]] = {}
    broken: set[str] = set()
    for batch in batches:
        if broken.intersection(batch.implied_by) or not batch.mutants:
            continue
        trials = yield from _trials(live, batch.mutants)
        results[batch.control] = trials
        if any(trial.outcome is Outcome.ACCEPTED for trial in trials):
            broken.add(batch.control)
    if results and live.credential:
        still = yield Ask(presented(live.request, live.credential), Purpose.ORIGINAL)
        if not alike(still, live.baseline.original):
            return {control: _inconclusive(trials) for control, trials in results.items()}
    return results


def _trials(live: Live, mutants: Sequence[Credential]) -> Generator[Ask, Exchange, tuple[Trial, ...]]:
    """Send one control's mutants until one is accepted: more of them would show the same fault once more.

    The random token of the same shape was sent already, as R; only its acceptance is repeated.
    """
    trials: list[Trial] = []
    for mutant in mutants:
        ask = Ask(presented(live.request, mutant), Purpose.MUTANT)
        known = live.baseline.random if mutant.label == RANDOM else None
        first = known or (yield ask)
        outcome = outcome_of(first, live.baseline)
        if outcome is Outcome.ACCEPTED:
            again = yield ask
            outcome = Outcome.INCONCLUSIVE if outcome_of(again, live.baseline) is not Outcome.ACCEPTED else outcome
        trials.append(Trial(mutant, outcome, first))
        if outcome is Outcome.ACCEPTED:
            break
    return tuple(trials)


def _inconclusive(trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
    return tuple(replace(trial, outcome=Outcome.INCONCLUSIVE) for trial in trials)


def outcome_of(exchange: Exchange, baseline: Baseline) -> Outcome:
    """Return what M proves against the baseline.

    Accepted: as O and unlike the refused stranger (N, where any token gets in; without O: let in where N was not).
    """
    if unstable(exchange) or baseline.access not in (Access.GUARDED, Access.ANY_TOKEN):
        return Outcome.INCONCLUSIVE
    if exchange.response and exchange.response.status >= 500:
        return Outcome.CRASHED
    stranger = baseline.nothing if baseline.access is Access.ANY_TOKEN else baseline.random
    let_in = alike(exchange, baseline.original) if baseline.original else succeeded(exchange)
    if let_in and not alike(exchange, stranger):
        return Outcome.ACCEPTED
    if alike(exchange, stranger) or refused(exchange):
        return Outcome.REFUSED
    return Outcome.INCONCLUSIVE


def verdict(live: Live, trials: tuple[Trial, ...], cause: str) -> Verdict | None:
    """Return what a control's mutants prove together: broken by the first accepted one, kept if all were refused.

    A mutant at which the API falls over lets nobody in: it is no acceptance, and no refusal either. None where nothing
    is proven. `cause` groups the operations that one root breaks.
    """
    accepted = [trial for trial in trials if trial.outcome is Outcome.ACCEPTED]
    endpoints = (live.endpoint,)
    if accepted:
        labels = ", ".join(dict.fromkeys(trial.mutant.label for trial in accepted))
        shown = evidence(f"accepted: {labels}", live.baseline.nothing, live.baseline.random, accepted[0].exchange)
        return Verdict(
            kept=False,
            message=f"{live.endpoint} accepts a token that it must refuse: {labels}",
            endpoints=endpoints,
            evidence=(_labelled(shown, accepted[0].mutant),),
            strength=Strength.PROVEN,
            cause=cause,
        )
    turned_away = [trial for trial in trials if trial.outcome is Outcome.REFUSED]
    if turned_away and all(trial.outcome in (Outcome.REFUSED, Outcome.CRASHED) for trial in trials):
        labels = ", ".join(dict.fromkeys(trial.mutant.label for trial in turned_away))
        return Verdict(True, f"{live.endpoint} refuses: {labels}", endpoints=endpoints, strength=Strength.PROVEN)
    return None


def _labelled(shown: Evidence, mutant: Credential) -> Evidence:
    return replace(shown, detail=f"{shown.detail}\n$MUTANT_TOKEN: {mutant.label}")
