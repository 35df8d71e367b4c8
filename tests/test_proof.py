"""The proof protocol as conversations: what is asked, in which order, and what the answers prove."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import TypeVar

import pytest

from stopper import proof
from stopper.model import Endpoint, Witness
from stopper.observe.views import Access, Baseline, Credential, Exchange, Live, Purpose, Request, Response
from stopper.proof import Ask, Batch, Outcome
from stopper.secret import Secret

Result = TypeVar("Result")

ENDPOINT = Endpoint("GET", "/me")
REQUEST = Request("GET", "https://api.test/me")
GOOD = Credential(Secret("good-token"))
STRANGER = Credential(Secret("strange-token"), label="random")


def answer(status: int, body: object = None) -> Response:
    """Return a JSON answer."""
    return Response(status, (("Content-Type", "application/json"),), json.dumps(body or {"user": "ada"}).encode())


REFUSAL = answer(401, {"message": "who are you?"})


def held(conversation: Generator[Ask, Exchange, Result], server: Callable[[Ask], Response | None]) -> Result:
    """Hold a conversation with a server that is a function; None is a connection that broke."""
    try:
        ask = next(conversation)
        while True:
            response = server(ask)
            error = "" if response else "closed early"
            ask = conversation.send(Exchange(ask.request, response, error, ENDPOINT, ask.purpose))
    except StopIteration as stop:
        result: Result = stop.value
        return result


def door(server: Callable[[Ask], Response | None], identity: Credential | None = GOOD) -> Baseline:
    """Establish the baseline of one operation."""
    missing = Exchange(REQUEST, answer(404, {"message": "no such path"}))
    return held(proof.establish(ENDPOINT, Witness.WIRE, REQUEST, STRANGER, identity, missing), server)


def token_of(ask: Ask) -> str:
    """Return the token that a request presents."""
    return (ask.request.header("Authorization") or "").removeprefix("Bearer ")


def by_token(**answers: Response) -> Callable[[Ask], Response]:
    """Return a server that answers by token: `none`, `good`, `strange`, and mutants by their own names."""
    return lambda ask: answers.get(token_of(ask).partition("-")[0] or "none", REFUSAL)


@pytest.mark.parametrize(
    ("server", "access"),
    [
        (by_token(good=answer(200)), Access.GUARDED),
        (by_token(none=answer(200), strange=answer(200), good=answer(200)), Access.OPEN),
        (by_token(strange=answer(200), good=answer(200)), Access.ANY_TOKEN),
        (by_token(none=answer(200, {"hello": "stranger"}), good=answer(200)), Access.UNCLEAR),
        (by_token(), Access.UNCLEAR),
        (by_token(good=answer(503)), Access.UNCLEAR),
        (by_token(none=answer(429), good=answer(200)), Access.UNCLEAR),
        (
            by_token(none=answer(200, {"error": "no token"}), strange=answer(200, {"error": "bad"}), good=answer(200)),
            Access.GUARDED,
        ),
        (by_token(strange=answer(500), good=answer(200)), Access.GUARDED),
        (lambda ask: answer(404, {"message": "no such path"}), Access.UNCLEAR),
        (lambda ask: None, Access.UNCLEAR),
    ],
)
def test_door(server: Callable[[Ask], Response | None], access: Access) -> None:
    """N, R and O together say whether an operation is open, open to any token, guarded, or nothing at all."""
    assert door(server).access is access


@pytest.mark.parametrize(
    ("server", "reached"),
    [
        (by_token(good=answer(200)), True),
        (by_token(none=answer(200, {"hello": "stranger"}), good=answer(200)), True),
        (by_token(none=answer(429), good=answer(200)), False),
        (by_token(), False),
        (lambda ask: answer(404, {"message": "no such path"}), False),
    ],
)
def test_reached(server: Callable[[Ask], Response | None], reached: bool) -> None:
    """An operation was reached if it answered for itself; a refusal of everybody or an overload is no such answer."""
    assert door(server).reached is reached


def test_soft_404_is_no_open_door() -> None:
    """A server that answers every path alike with 200 proves nothing of any operation."""
    missing = Exchange(REQUEST, answer(200))
    conversation = proof.establish(ENDPOINT, Witness.WIRE, REQUEST, STRANGER, GOOD, missing)
    baseline = held(conversation, lambda ask: answer(200))
    assert baseline.access is Access.UNCLEAR
    assert "cannot exist" in baseline.why


@pytest.mark.parametrize(
    ("server", "access"),
    [
        (by_token(none=answer(200)), Access.OPEN),
        (by_token(strange=answer(200)), Access.ANY_TOKEN),
        (by_token(), Access.GUARDED),
        (by_token(none=answer(404)), Access.UNCLEAR),
    ],
)
def test_door_without_identity(server: Callable[[Ask], Response], access: Access) -> None:
    """Without an identity, a random token let in where nothing is refused still proves that any token is taken."""
    assert door(server, identity=None).access is access


def trial(server: Callable[[Ask], Response | None], *mutants: str, baseline: Baseline | None = None) -> list[Outcome]:
    """Send mutants, named by the first word of their token, to a guarded operation."""
    known = baseline or door(by_token(good=answer(200)))
    live = Live(ENDPOINT, Witness.WIRE, REQUEST, known, credential=GOOD)
    batch = Batch("BT999", tuple(GOOD.changed(f"{name}-token", name) for name in mutants))
    return [trial.outcome for trial in held(proof.attempt(live, [batch]), server).get("BT999", ())]


@pytest.mark.parametrize(
    ("mutant", "outcome"),
    [
        (answer(200, {"user": "someone"}), Outcome.ACCEPTED),
        (REFUSAL, Outcome.REFUSED),
        (answer(422, {"msg": "bad"}), Outcome.REFUSED),
        (answer(200, {"error": "bad token"}), Outcome.REFUSED),
        (answer(200, {"greeting": "stranger"}), Outcome.INCONCLUSIVE),
        (answer(500), Outcome.CRASHED),
        (answer(429), Outcome.INCONCLUSIVE),
        (answer(503), Outcome.INCONCLUSIVE),
        (None, Outcome.INCONCLUSIVE),
    ],
)
def test_outcome(mutant: Response | None, outcome: Outcome) -> None:
    """A mutant is accepted only if it is answered as the original is; errors and overload never count as a pass."""
    good = by_token(good=answer(200))
    assert trial(lambda ask: mutant if token_of(ask) == "m-token" else good(ask), "m") == [outcome]


def test_acceptance_is_repeated() -> None:
    """An acceptance that does not happen twice is no proof."""
    seen: list[str] = []

    def flaky(ask: Ask) -> Response:
        seen.append(token_of(ask))
        return answer(200) if token_of(ask) == "good-token" or seen.count("m-token") == 1 else REFUSAL

    assert trial(flaky, "m") == [Outcome.INCONCLUSIVE]
    assert seen == ["m-token", "m-token", "good-token"]


def test_original_must_still_work_at_the_end() -> None:
    """Where the original is refused at the end (the token died meanwhile), no trial counts, refusals included."""
    assert trial(by_token(), "m") == [Outcome.INCONCLUSIVE]


def test_narrower_mutants_are_not_sent_once_a_broader_control_is_broken() -> None:
    """Where any token is accepted, a changed signature proves nothing more and is not sent."""
    baseline = door(by_token(strange=answer(200), good=answer(200)))
    live = Live(ENDPOINT, Witness.WIRE, REQUEST, baseline, credential=GOOD)
    batches = [
        Batch("BT402", (GOOD.changed("any-token", "any"),)),
        Batch("BT403", (GOOD.changed("flipped-token", "flipped"),), implied_by=("BT402",)),
    ]
    sent: list[Purpose | str] = []

    def server(ask: Ask) -> Response:
        sent.append(token_of(ask))
        return answer(200) if token_of(ask) else REFUSAL

    results = held(proof.attempt(live, batches), server)
    assert results["BT402"][0].outcome is Outcome.ACCEPTED
    assert "BT403" not in results
    assert "flipped-token" not in sent


def test_verdict_shows_no_token() -> None:
    """A verdict's evidence names the mutant and holds no token, neither the mutant's nor the original's."""
    baseline = door(by_token(good=answer(200)))
    live = Live(ENDPOINT, Witness.WIRE, REQUEST, baseline, credential=GOOD)
    batch = Batch("BT999", (GOOD.changed("m-token", "changed"),))
    trials = held(proof.attempt(live, [batch]), lambda ask: answer(200) if token_of(ask) else REFUSAL)["BT999"]
    verdict = proof.verdict(live, trials, "a cause")
    assert verdict is not None and not verdict.kept
    text = repr(verdict)
    assert "changed" in text and "$MUTANT_TOKEN" in text
    assert not any(token in text for token in ("m-token", "good-token", "strange-token"))
