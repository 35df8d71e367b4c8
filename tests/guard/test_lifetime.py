"""Refresh, revocation, disabled subjects, fresh authentication, and what the audit says of them."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from stopper.guard import (
    Guard,
    InsecureTransport,
    InvalidGrant,
    InvalidToken,
    ReusedGrant,
    TokenAnswer,
    Unavailable,
    audit,
    current_subject,
)
from stopper.guard.store import StoreError
from tests.guard.conftest import MakeApp


def bearer(answer: TokenAnswer) -> dict[str, str]:
    """Return the headers that present an answer's access token."""
    return {"Authorization": f"Bearer {answer['access_token']}"}


@pytest.fixture(params=["opaque", "jwt"])
def app(make_app: MakeApp, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """Return the application with each format of tokens, its context pushed."""
    app = make_app(token_format=request.param, issuer="https://shop.test")
    with app.app_context():
        yield app


@pytest.fixture
def guard() -> Guard:
    """Return a guard: what it does concerns the current application."""
    return Guard()


def works(client: FlaskClient, answer: TokenAnswer, after_the_lag: bool = True) -> bool:
    """Tell whether a token opens the door, once every process has had time to learn."""
    if not after_the_lag:
        return client.get("/greeting", headers=bearer(answer)).status_code == 200
    time.sleep(1.05)
    return client.get("/greeting", headers=bearer(answer)).status_code == 200


def test_renewing_gives_new_tokens(app: Flask, guard: Guard) -> None:
    """S09: a refresh token gives another access token and another refresh token with the same rights."""
    first = guard.issue_with_refresh("alice", ("read",), claims={"shop": 7})
    second = guard.renew(first["refresh_token"])
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    answer = app.test_client().get("/me", headers=bearer(second))
    assert answer.json == {"user": "alice", "shop": 7}


def test_a_refresh_token_is_no_access_token(app: Flask, guard: Guard) -> None:
    """V15: a refresh token does not open the door, and an access token does not renew."""
    answer = guard.issue_with_refresh("alice")
    headers = {"Authorization": f"Bearer {answer['refresh_token']}"}
    assert app.test_client().get("/greeting", headers=headers).status_code == 401
    with pytest.raises(InvalidGrant):
        guard.renew(answer["access_token"])


def test_reuse_ends_the_family(app: Flask, guard: Guard) -> None:
    """S09: a used refresh token that comes again ends its successors and the access tokens of its family."""
    client = app.test_client()
    first = guard.issue_with_refresh("alice")
    second = guard.renew(first["refresh_token"])
    third = guard.renew(second["refresh_token"])
    assert works(client, third, after_the_lag=False)
    with pytest.raises(InvalidGrant):
        guard.renew(first["refresh_token"])
    with pytest.raises(InvalidGrant):
        guard.renew(third["refresh_token"])
    assert not works(client, third)
    assert not works(client, first)


def test_a_lost_answer_can_be_asked_for_again(app: Flask, guard: Guard) -> None:
    """S09: within the grace, and before a successor was used, the same refresh token works once more."""
    first = guard.issue_with_refresh("alice")
    guard.renew(first["refresh_token"])
    again = guard.renew(first["refresh_token"])
    assert works(app.test_client(), again, after_the_lag=False)
    with time_machine.travel(time.time() + 11), pytest.raises(InvalidGrant):
        guard.renew(first["refresh_token"])


def test_an_answer_that_somebody_took_ends_the_family(app: Flask, guard: Guard) -> None:
    """S09: who took an answer that was asked for again within the grace is found out at their first refresh."""
    first = guard.issue_with_refresh("alice")
    taken = guard.renew(first["refresh_token"])
    mine = guard.renew(first["refresh_token"])
    with pytest.raises(ReusedGrant):
        guard.renew(taken["refresh_token"])
    with pytest.raises(InvalidGrant):
        guard.renew(mine["refresh_token"])


def test_revoking_a_moment_after_issuing_misses_nothing(app: Flask, guard: Guard) -> None:
    """S06: what was issued microseconds before a revocation ends with it, and what is issued after it does not."""
    tokens = app.extensions["stopper"].tokens
    answers = []
    for number in range(20):
        before = guard.issue(f"user{number}")
        guard.revoke_subject(f"user{number}")
        answers.append((before, guard.issue(f"user{number}")))
    tokens.feed.read_at = -1e9
    for before, after in answers:
        assert tokens.verify(after["access_token"]).subject
        with pytest.raises(InvalidToken, match="not valid"):
            tokens.verify(before["access_token"])


def test_what_a_view_may_not_ask_for(app: Flask, guard: Guard) -> None:
    """V11: a lifetime that is none, and claims that are not the application's to set, are errors of the caller."""
    for lifetime in (0, -5):
        with pytest.raises(ValueError, match="at least a second"):
            guard.issue("alice", lifetime=lifetime)
    for client in ("x" * 256, "a\0b", "\ud800"):
        with pytest.raises(ValueError, match="no client"):
            guard.issue("alice", client=client)
    for name in ("iss", "aud", "exp", "nbf", "family", "cnf", "scope"):
        for make in (guard.issue, guard.issue_with_refresh):
            with pytest.raises(ValueError, match=name):
                make("alice", claims={"shop": 7, name: "x"})


def test_a_token_is_never_longer_than_what_is_taken(app: Flask, guard: Guard) -> None:
    """V22: claims that make a signed token too long to be taken are an error of the caller, not of users."""
    claims = {"shop": "x" * 9000}
    assert works(app.test_client(), guard.issue("alice", claims=claims), after_the_lag=False)
    longer = {"shop": "x" * 13_000}
    if app.extensions["stopper"].settings.token_format == "opaque":
        assert works(app.test_client(), guard.issue("alice", claims=longer), after_the_lag=False)
    else:
        with pytest.raises(ValueError, match="too long"):
            guard.issue("alice", claims=longer)


def test_absolute_and_idle_expiry(app: Flask, guard: Guard) -> None:
    """S08 S10: a family ends after thirty days however often it was renewed, a token after fourteen unused."""
    start = time.time()
    answer = guard.issue_with_refresh("alice")
    with time_machine.travel(start + 14 * 86_400 + 1), pytest.raises(InvalidGrant):
        guard.renew(answer["refresh_token"])
    answer = guard.issue_with_refresh("alice")
    for day in (10, 20, 29):
        with time_machine.travel(start + day * 86_400):
            answer = guard.renew(answer["refresh_token"])
    with time_machine.travel(start + 30 * 86_400 + 60), pytest.raises(InvalidGrant):
        guard.renew(answer["refresh_token"])


@pytest.mark.parametrize("way", ["token", "subject", "all"])
def test_revocation_reaches_every_process_within_the_lag(make_app: MakeApp, guard: Guard, way: str) -> None:
    """S03 S04 S05 S06 S14: logout, password change and the emergency switch stop tokens on another worker too."""
    here, elsewhere = make_app(), make_app().test_client()
    with here.app_context():
        answer = guard.issue_with_refresh("alice")
        assert works(elsewhere, answer, after_the_lag=False)
        if way == "token":
            guard.revoke(here.extensions["stopper"].tokens.verify(answer["access_token"]))
        elif way == "subject":
            guard.revoke_subject("alice")
        else:
            guard.revoke_all()
        assert not works(elsewhere, answer)
        with pytest.raises(InvalidGrant):
            guard.renew(answer["refresh_token"])
        assert works(elsewhere, guard.issue("alice"), after_the_lag=False)


def test_revoking_one_leaves_the_others(app: Flask, guard: Guard) -> None:
    """S03: a logout ends one session and not the subject's other ones."""
    one, other = guard.issue("alice"), guard.issue("alice")
    guard.revoke(app.extensions["stopper"].tokens.verify(one["access_token"]))
    assert not works(app.test_client(), one)
    assert works(app.test_client(), other, after_the_lag=False)


def test_a_remembered_token_is_held_against_each_later_revocation(app: Flask, guard: Guard) -> None:
    """S03: that a token has outlived the revocation of another one does not keep it from its own."""
    tokens, client = app.extensions["stopper"].tokens, app.test_client()
    first, second, third = (guard.issue("alice") for _ in range(3))
    for answer in (first, second, third):
        assert works(client, answer, after_the_lag=False)
    for ended, alive in ((first, (second, third)), (second, (third,)), (third, ())):
        guard.revoke(tokens.verify(ended["access_token"]))
        assert not works(client, ended)
        assert all(works(client, answer, after_the_lag=False) for answer in alive)


def test_a_revocation_is_kept_no_longer_than_its_token(app: Flask, guard: Guard) -> None:
    """S15: what a logout leaves behind can be purged when the token would have expired anyway, and not before."""
    tokens = app.extensions["stopper"].tokens
    token = tokens.verify(guard.issue("alice", lifetime=600)["access_token"])
    guard.revoke(token)
    assert len(tokens.store.revocations(0, token.expires_at, 10)) == 1
    tokens.store.purge(token.expires_at + 0.5)
    assert len(tokens.store.revocations(0, token.expires_at, 10)) == 1
    tokens.store.purge(token.expires_at + 2)
    assert tokens.store.revocations(0, token.expires_at, 10) == []


def test_a_disabled_subject_is_out_at_once(app: Flask) -> None:
    """S04: the loader runs for each request; who is disabled is refused, and the view sees what was loaded."""
    guard = Guard()
    people = {"alice": {"name": "Alice"}}
    app.extensions["stopper"].loaders[""] = people.get
    answer = guard.issue("alice")
    client = app.test_client()
    app.view_functions["greeting"] = guard.require(lambda: {"name": current_subject["name"]})
    assert client.get("/greeting", headers=bearer(answer)).json == {"name": "Alice"}
    people.clear()
    assert client.get("/greeting", headers=bearer(answer)).status_code == 401


def test_a_disabled_subject_does_not_renew(app: Flask, guard: Guard, events: list[audit.Event]) -> None:
    """S04: whom the loader refuses gets no new tokens, and the refresh token is there when they are let in again."""
    answer = guard.issue_with_refresh("alice", ("read",))
    app.extensions["stopper"].loaders[""] = {}.get
    for _ in range(2):
        with pytest.raises(InvalidGrant):
            guard.renew(answer["refresh_token"])
    assert events[-1].reason == "the subject is not let in"
    app.extensions["stopper"].loaders[""] = {"alice": 1}.get
    assert guard.renew(answer["refresh_token"])["access_token"]


def test_the_loader_can_be_registered_before_and_after(make_app: MakeApp, tmp_path: object) -> None:
    """`subject_loader` reaches applications that are guarded earlier and later."""
    guard = Guard()
    early, late = Flask("early"), Flask("late")
    guard.init_app(early)

    @guard.subject_loader
    def load(subject: str) -> object:
        return subject or None

    guard.init_app(late)
    for app in (early, late):
        assert app.extensions["stopper"].loaders == {"": load}


def test_fresh_authentication_can_be_asked_for(app: Flask, guard: Guard) -> None:
    """RFC 9470: a route with `max_age` refuses a token whose login is too old, however freshly it was renewed."""
    app.view_functions["greeting"] = guard.require("read", max_age=300)(lambda: "paid")
    start = time.time()
    answer = guard.issue_with_refresh("alice", ("read",))
    client = app.test_client()
    assert client.get("/greeting", headers=bearer(answer)).status_code == 200
    with time_machine.travel(start + 400):
        renewed = guard.renew(answer["refresh_token"])
        refusal = client.get("/greeting", headers=bearer(renewed))
    assert refusal.status_code == 401
    assert 'error="insufficient_user_authentication"' in refusal.headers["WWW-Authenticate"]
    assert 'max_age="300"' in refusal.headers["WWW-Authenticate"]


def test_nothing_is_handed_out_in_clear(app: Flask, guard: Guard) -> None:
    """T01: `issue` and `renew` refuse where the answer would leave over plain HTTP."""
    refresh = guard.issue_with_refresh("alice")["refresh_token"]
    with app.test_request_context("/health", base_url="http://localhost"):
        app.preprocess_request()
        with pytest.raises(InsecureTransport):
            guard.issue("alice")
        with pytest.raises(InsecureTransport):
            guard.renew(refresh)
    assert guard.renew(refresh)["access_token"]


def test_a_store_that_is_away_is_503_for_issue_and_renew(app: Flask, guard: Guard, monkeypatch: object) -> None:
    """Fault 80: nothing is issued that could not be kept."""
    refresh = guard.issue_with_refresh("alice")["refresh_token"]
    tokens = app.extensions["stopper"].tokens

    class Away:
        def __getattr__(self, name: str) -> object:
            raise StoreError("away")

    kept, tokens.store = tokens.store, Away()
    with pytest.raises(Unavailable):
        guard.renew(refresh)
    tokens.store = kept


def test_a_store_that_stops_and_comes_back(make_app: MakeApp, guard: Guard, tmp_path: object) -> None:
    """S14, fault 81: while the store is away remembered tokens are refused after the lag, and work again afterwards."""
    app = make_app()
    client = app.test_client()
    with app.app_context():
        answer = guard.issue("alice")
    assert works(client, answer, after_the_lag=False)
    tokens = app.extensions["stopper"].tokens
    kept = tokens.feed._store

    class Away:
        def newest_revocation(self) -> int:
            raise StoreError("away")

    tokens.feed._store = Away()
    time.sleep(1.05)
    assert client.get("/greeting", headers=bearer(answer)).status_code == 503
    tokens.feed._store = kept
    assert works(client, answer, after_the_lag=False)


def test_a_grace_takes_remembered_tokens_without_the_store(make_app: MakeApp, guard: Guard) -> None:
    """S14: with a configured grace, a token that was verified before goes on for that long and no longer."""
    app = make_app(store_grace=60)
    client = app.test_client()
    with app.app_context():
        answer = guard.issue("alice")
    assert works(client, answer, after_the_lag=False)
    feed = app.extensions["stopper"].tokens.feed

    class Away:
        def newest_revocation(self) -> int:
            raise StoreError("away")

    feed._store = Away()
    assert works(client, answer)
    feed.read_at -= 62
    assert client.get("/greeting", headers=bearer(answer)).status_code == 503


# --------------------------------------------------------------------------- audit


@pytest.fixture
def events() -> Iterator[list[audit.Event]]:
    """Return the events that were signalled."""
    seen: list[audit.Event] = []

    def listen(sender: object, event: audit.Event) -> None:
        seen.append(event)

    audit.happened.connect(listen)
    yield seen
    audit.happened.disconnect(listen)


def test_every_step_is_an_event(app: Flask, guard: Guard, events: list[audit.Event]) -> None:
    """L02 L03 L05: issue, renewal, refusal and revocation are each told once, with who and where, without the token."""
    answer = guard.issue_with_refresh("alice", ("read",))
    guard.renew(answer["refresh_token"])
    client = app.test_client()
    client.get("/admin", headers=bearer(answer))
    client.get("/me", headers={"Authorization": "Bearer wrong"})
    client.get("/me")
    guard.revoke(app.extensions["stopper"].tokens.verify(answer["access_token"]))
    assert [event.kind.value for event in events] == ["issued", "refreshed", "refused", "refused", "revoked"]
    assert events[0].subject == "alice"
    assert events[2].peer == "127.0.0.1"
    assert events[2].reason
    assert answer["access_token"] not in str(events)
    assert answer["refresh_token"] not in str(events)


def test_a_refusal_says_whose_token_it_was(app: Flask, guard: Guard, events: list[audit.Event]) -> None:
    """L03: where a token is known that is too narrow, too old, revoked or a disabled user's, the event says whose."""
    client = app.test_client()
    answer = guard.issue("alice", ("read",), client="phone")
    headers = bearer(answer)
    known = app.extensions["stopper"].tokens.verify(answer["access_token"])
    app.view_functions["forgotten"] = guard.require(lambda: "", max_age=1)
    app.extensions["stopper"].loaders[""] = lambda subject: None
    client.get("/me", headers=headers)
    app.extensions["stopper"].loaders.clear()
    client.get("/admin", headers=headers)
    with time_machine.travel(time.time() + 60):
        client.get("/forgotten", headers=headers)
    guard.revoke(known)
    time.sleep(1.05)
    client.get("/me", headers=headers)
    refused = [event for event in events if event.kind is audit.Kind.REFUSED]
    assert [event.reason for event in refused] == [
        "the subject is not let in",
        "The token does not reach so far.",
        "authentication too old",
        "revoked",
    ]
    assert {(event.subject, event.client, event.token_id) for event in refused} == {("alice", "phone", known.id)}


def test_reuse_is_told_as_a_revocation_too(app: Flask, guard: Guard, events: list[audit.Event]) -> None:
    """L02 L03: a refresh token that comes again is told as refused and its family as revoked, with the subject."""
    first = guard.issue_with_refresh("alice", client="phone")
    second = guard.renew(first["refresh_token"], client="phone")
    guard.renew(second["refresh_token"], client="phone")
    events.clear()
    with pytest.raises(ReusedGrant):
        guard.renew(first["refresh_token"], client="phone")
    assert [event.kind for event in events] == [audit.Kind.REFUSED, audit.Kind.REVOKED]
    assert {(event.subject, event.client) for event in events} == {("alice", "phone")}
    events.clear()
    with pytest.raises(InvalidGrant):
        guard.renew(second["refresh_token"], client="other")
    assert [(event.subject, event.reason) for event in events] == [("alice", "refresh token of another client")]


def test_events_are_single_lines_of_json(app: Flask, guard: Guard, caplog: pytest.LogCaptureFixture) -> None:
    """L06: a subject with line breaks and escapes makes no line of its own in the log."""
    caplog.set_level(logging.INFO, "stopper.audit")
    guard.issue("ali\r\nce\x1b[31m")
    line = caplog.records[-1].getMessage()
    assert line.isprintable()
    fields = json.loads(line)
    assert fields["subject"] == "ali\r\nce\x1b[31m"
    assert fields["at"].endswith("+00:00")


def test_a_flood_of_refusals_does_not_flood_the_log(
    app: Flask, caplog: pytest.LogCaptureFixture, events: list[audit.Event]
) -> None:
    """Fault 87: of many refused credentials a few a second are logged, all are signalled, and the rest is counted."""
    caplog.set_level(logging.INFO, "stopper.audit")
    client = app.test_client()
    start = time.monotonic()
    for _ in range(200):
        client.get("/me", headers={"Authorization": "Bearer wrong"})
    seconds = int(time.monotonic() - start) + 2
    assert len(events) == 200
    assert len(caplog.records) <= audit.REFUSALS_A_SECOND * seconds
    time.sleep(1.0)
    client.get("/me", headers={"Authorization": "Bearer wrong"})
    assert json.loads(caplog.records[-1].getMessage())["refusals_left_out"] > 0


def test_a_token_for_the_tests_of_an_application(make_app: MakeApp) -> None:
    """`test_client_token` gives the headers of a caller in one line."""
    app = make_app()
    headers = Guard().test_client_token(app, "bob", ("read", "admin"))
    assert app.test_client().get("/admin", headers=headers).status_code == 200
