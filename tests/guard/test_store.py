"""One contract for every store, against real servers: SQLite, PostgreSQL and Redis started for the test."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from stopper.guard import ConfigurationError
from stopper.guard.clients import Client, ClientSecret
from stopper.guard.feed import Feed
from stopper.guard.store import Kind, Redemption, Store, StoreError, open_store
from stopper.guard.store.sql import _NEXT_NUMBER, SqlStore, metadata, revocations
from stopper.guard.token import Refresh, Token
from tests.guard.conftest import MakeApp
from tests.guard.stores import free_port

NOW = time.time()


def a_token(identifier: str = "t1", **changes: Any) -> Token:
    """Return a token of alice that lives for an hour."""
    fields: dict[str, Any] = {
        "id": identifier,
        "subject": "alice",
        "scopes": frozenset(("read", "write")),
        "issued_at": NOW,
        "expires_at": NOW + 3600,
        "claims": {"shop": [7, None, "é"]},
        "client": "web",
        "family": "f1",
        "authenticated_at": NOW - 5.25,
    }
    return Token(**{**fields, **changes})


def a_refresh(**changes: Any) -> Refresh:
    """Return a refresh token of alice that lives for a day."""
    fields: dict[str, Any] = {
        "family": "f1",
        "subject": "alice",
        "scopes": frozenset(("read",)),
        "issued_at": NOW,
        "expires_at": NOW + 86_400,
        "idle_until": NOW + 3600,
        "claims": {"shop": 7},
        "client": "web",
        "authenticated_at": NOW,
    }
    return Refresh(**{**fields, **changes})


def digest(number: int) -> bytes:
    """Return the digest of nothing in particular."""
    return number.to_bytes(32, "big")


def redeem(store: Store, used: int, now: float, keeping: int, grace: float = 10, family: str = "f1") -> Redemption:
    """Use one refresh token and keep another as its successor."""
    return store.redeem(digest(used), now, grace, digest(keeping), a_refresh(issued_at=now, family=family))


@pytest.fixture
def store(store_url: str) -> Store:
    """Return the empty store."""
    return open_store(store_url)


def test_a_token_is_found_by_its_digest_and_id(store: Store) -> None:
    """S02: what was kept comes back whole, by digest and by id, and nothing else does."""
    assert store.add(digest(1), a_token())
    assert store.find(digest(1)) == a_token()
    assert store.find_by_id("t1") == a_token()
    assert store.find(digest(2)) is None
    assert store.find_by_id("t2") is None


def test_a_taken_id_is_refused(store: Store) -> None:
    """Fault 84: a second token under the same id is not kept."""
    assert store.add(digest(1), a_token())
    assert not store.add(digest(2), a_token())
    assert store.find(digest(2)) is None


def test_the_tokens_of_a_subject(store: Store) -> None:
    """S11: a subject's living tokens are listed, newest first."""
    store.add(digest(1), a_token("t1"))
    store.add(digest(2), a_token("t2", issued_at=NOW + 1))
    store.add(digest(3), a_token("t3", subject="bob"))
    assert [token.id for token in store.tokens_of("alice", NOW)] == ["t2", "t1"]
    assert store.tokens_of("alice", NOW + 4000) == []


def test_a_refresh_token_works_once(store: Store) -> None:
    """S09: the first use succeeds, a later one is told as reuse with the family that it betrays."""
    store.add_refresh(digest(1), a_refresh())
    first = redeem(store, 1, NOW + 1, keeping=2)
    assert first.refresh == a_refresh()
    assert not first.reused
    again = redeem(store, 1, NOW + 12, keeping=3)
    assert again.reused
    assert again.refresh is not None
    assert again.refresh.family == "f1"
    assert redeem(store, 9, NOW, keeping=4).refresh is None
    assert store.find_refresh(digest(1)) == a_refresh()
    assert store.find_refresh(digest(2)) == a_refresh(issued_at=NOW + 1)
    assert [store.find_refresh(digest(number)) for number in (3, 4, 9)] == [None] * 3


def test_a_lost_answer_may_be_asked_for_again(store: Store) -> None:
    """S09: within the grace a second use counts, more than once, but not when a successor has been used."""
    store.add_refresh(digest(1), a_refresh())
    for number in (2, 3, 4):
        assert not redeem(store, 1, NOW + number, keeping=number).reused
    assert not redeem(store, 4, NOW + 6, keeping=5).reused
    assert redeem(store, 1, NOW + 7, keeping=6).reused


def test_whoever_took_the_lost_answer_is_found_out(store: Store) -> None:
    """S09: when a lost answer is asked for again, the successor that it held is retired: its use is reuse at once."""
    store.add_refresh(digest(1), a_refresh())
    redeem(store, 1, NOW + 1, keeping=2)
    redeem(store, 1, NOW + 2, keeping=3)
    assert redeem(store, 2, NOW + 2.5, keeping=4).reused
    assert not redeem(store, 3, NOW + 3, keeping=5).reused


def test_a_clock_that_was_set_back_opens_no_grace(store: Store) -> None:
    """S09: a use that seems to come before the first one is within the grace only as far as clocks may differ."""
    store.add_refresh(digest(1), a_refresh())
    redeem(store, 1, NOW + 100, keeping=2)
    assert not redeem(store, 1, NOW + 95, keeping=3).reused
    assert redeem(store, 1, NOW, keeping=4).reused


def test_of_two_that_have_the_same_token_one_is_found_out(store: Store) -> None:
    """S09: whoever of client and thief is faster within the grace, only one line goes on, also when they race."""
    for attempt in range(8):
        base, family = 100 * (attempt + 1), f"race{attempt}"
        store.add_refresh(digest(base), a_refresh(family=family))
        barrier = threading.Barrier(4)

        def race(number: int, base: int = base, family: str = family, barrier: threading.Barrier = barrier) -> None:
            barrier.wait(10)
            redeem(store, base, NOW + 1 + number / 1000, keeping=base + number, family=family)

        threads = [threading.Thread(target=race, args=(number,)) for number in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        successors = [redeem(store, base + number, NOW + 60, keeping=base + 10 + number) for number in range(1, 5)]
        alive = [found for found in successors if found.refresh is not None and not found.reused]
        assert len(alive) == 1


def test_only_one_of_many_is_first(store: Store) -> None:
    """S09: of sixteen that redeem at once without grace, one succeeds."""
    store.add_refresh(digest(1), a_refresh())
    results: list[bool] = []

    def use(number: int) -> None:
        results.append(redeem(store, 1, NOW + 1, keeping=10 + number, grace=0).reused)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] + [True] * 15


def test_revocations_come_in_order_and_once(store: Store) -> None:
    """S03 S14: entries above a number are read in order, those that end nothing any more are not."""
    for number in range(5):
        store.revoke(Kind.TOKEN, f"t{number}", NOW, NOW + 100)
    store.revoke(Kind.SUBJECT, "old", NOW, NOW - 1)
    entries = store.revocations(0, NOW, 100)
    assert [entry.value for entry in entries] == ["t0", "t1", "t2", "t3", "t4"]
    assert entries == sorted(entries)
    assert [entry.value for entry in store.revocations(entries[2].number, NOW, 1)] == ["t3"]
    assert store.revocations(entries[-1].number, NOW, 100) == []
    assert store.newest_revocation() >= entries[-1].number


@pytest.mark.parametrize(
    ("kind", "value", "ended"),
    [
        (Kind.TOKEN, "t1", True),
        (Kind.TOKEN, "t2", False),
        (Kind.FAMILY, "f1", True),
        (Kind.FAMILY, "f2", False),
        (Kind.SUBJECT, "alice", True),
        (Kind.SUBJECT, "bob", False),
        (Kind.CLIENT, "web", True),
        (Kind.CLIENT, "app", False),
        (Kind.ALL, "", True),
    ],
)
def test_every_kind_of_revocation(store: Store, kind: Kind, value: str, ended: bool) -> None:
    """S03 S04 S06: one token, a family, a subject, a client and everything; in the store and in the feed alike."""
    store.revoke(kind, value, NOW, NOW + 5000)
    feed = Feed(store, 1, 1000, 0, lambda: None)
    feed.refresh()
    assert store.is_revoked(a_token()) is ended
    assert feed.ends(a_token()) is ended
    later = a_token(issued_at=NOW + 1)
    by_time = kind in (Kind.SUBJECT, Kind.CLIENT, Kind.ALL)
    assert feed.ends(later) is store.is_revoked(later) is (ended and not by_time)


def test_tokens_without_a_family_are_not_ended_by_one(store: Store) -> None:
    """A revocation never reaches a token that only shares an empty field with it."""
    store.revoke(Kind.FAMILY, "f1", NOW, NOW + 5000)
    assert not store.is_revoked(a_token(family="", id="x"))


def test_purge_forgets_what_has_ended(store: Store) -> None:
    """S15: after their time, tokens and revocations are gone and the living remain."""
    store.add(digest(1), a_token())
    store.revoke(Kind.TOKEN, "a", NOW, NOW + 10)
    store.revoke(Kind.TOKEN, "b", NOW, NOW + 9000)
    assert store.purge(NOW + 100) == 1
    assert [entry.value for entry in store.revocations(0, NOW, 10)] == ["b"]
    assert store.find(digest(1)) is not None


def test_the_feed_learns_within_the_lag(store: Store) -> None:
    """S14: a second process knows of a revocation after one lag, and at once after a fresh start."""
    running = Feed(store, 1, 1000, 0, lambda: None)
    running.refresh()
    store.revoke(Kind.TOKEN, "t1", NOW, time.time() + 100)
    started = Feed(store, 1, 1000, 0, lambda: None)
    started.refresh()
    assert started.ends(a_token())
    assert not running.ends(a_token())
    time.sleep(1.05)
    running.refresh()
    assert running.ends(a_token())


def test_of_two_revocations_what_either_ends_is_ended(store: Store) -> None:
    """S06: where the clocks of two hosts disagree, a later entry with an earlier time does not bring a token back."""
    until = time.time() + 100
    for before in (NOW + 5, NOW + 1):
        store.revoke(Kind.SUBJECT, "alice", before, until)
    fresh, running = Feed(store, 1, 1000, 0, lambda: None), Feed(store, 1, 1000, 0, lambda: None)
    fresh.refresh()
    token, later = a_token(issued_at=NOW + 3), a_token(issued_at=NOW + 6)
    assert fresh.ends(token) and not fresh.ends(later)
    assert store.is_revoked(token) and not store.is_revoked(later)
    running.refresh()
    store.revoke(Kind.SUBJECT, "alice", NOW, until)
    running.read_at -= 2
    running.refresh()
    assert running.ends(token)


def test_a_store_that_was_put_back_to_an_earlier_state(store_url: str) -> None:
    """S14: after a restore, whose numbers begin again below those that a process has seen, nothing is overlooked."""
    if store_url.startswith("redis"):
        pytest.skip("ids of a stream are times, which do not begin again")
    store = open_store(store_url)
    for number in range(5):
        store.revoke(Kind.TOKEN, f"before{number}", NOW, time.time() + 100)
    running = Feed(store, 0, 1000, 0, lambda: None)
    running.refresh()
    engine = sa.create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(revocations.delete().where(revocations.c.number > 2))
        connection.execute(sa.text("UPDATE stopper_counter SET number = 2"))
    engine.dispose()
    store.revoke(Kind.TOKEN, "after", NOW, time.time() + 100)
    running.refresh()
    assert running.ends(a_token("after"))
    assert running.ends(a_token("before4"))


def test_the_newest_number_outlives_a_purge(store: Store) -> None:
    """S14: that entries were purged is no sign of a restore."""
    assert store.newest_revocation() == 0
    store.revoke(Kind.TOKEN, "t1", NOW, NOW + 1)
    newest = store.newest_revocation()
    assert newest > 0
    store.purge(NOW + 10)
    assert store.newest_revocation() == newest


def test_a_store_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 81: while a store lets each attempt wait, requests do not queue up behind one another's attempts."""
    clock, attempts = [1000.0], []

    class Silent:
        def newest_revocation(self) -> int:
            return 0

        def revocations(self, after: int, now: float, limit: int) -> list[object]:
            attempts.append(clock[0])
            clock[0] += 5.0
            raise StoreError("timed out")

    monkeypatch.setattr("stopper.guard.feed.time.monotonic", lambda: clock[0])
    feed = Feed(Silent(), 1, 1000, 0, lambda: None)  # type: ignore[arg-type]
    for _ in range(100):
        with pytest.raises(StoreError):
            feed.refresh()
        clock[0] += 0.1
    assert attempts == [1000.0, pytest.approx(1010.0, abs=0.2)]


def test_a_revocation_that_comes_and_goes_while_a_token_is_looked_up(
    make_app: MakeApp, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S14: above the bound, a token that is revoked between look-up and remembering is not remembered."""
    app = make_app(store=store_url, revocation_bound=5)
    tokens = app.extensions["stopper"].tokens
    token = app.test_client().post("/login").get_json()["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    app.test_client().get("/me")
    ask, feed = tokens.store.is_revoked, tokens.feed

    def overtaken(found: Token) -> bool:
        answer: bool = ask(found)
        tokens.end(found)  # by another worker, read by another thread of this one, and dropped with many others
        for number in range(9):
            tokens.revoke(Kind.TOKEN, f"t{number}")
        feed.read_at = -1e9
        feed.refresh()
        return answer

    for number in range(9):
        tokens.revoke(Kind.TOKEN, f"s{number}")
    time.sleep(1.05)
    monkeypatch.setattr(tokens.store, "is_revoked", overtaken)
    app.test_client().get("/me", headers=header)
    monkeypatch.setattr(tokens.store, "is_revoked", ask)
    assert app.test_client().get("/me", headers=header).status_code == 401


@pytest.mark.parametrize("before_start", [True, False])
def test_above_the_bound_the_store_is_asked(store: Store, before_start: bool) -> None:
    """S14: with more revocations than a process may keep, none of them is lost."""
    forgotten: list[bool] = []
    feed = Feed(store, 0, 5, 0, lambda: forgotten.append(True))
    if not before_start:
        feed.refresh()
    for number in range(8):
        store.revoke(Kind.TOKEN, f"t{number}", NOW, NOW + 5000)
    feed.refresh()
    for number in range(8):
        assert feed.ends_at_first_sight(a_token(f"t{number}"))
    assert not feed.ends_at_first_sight(a_token("t99"))
    store.revoke(Kind.TOKEN, "later", NOW, NOW + 5000)
    feed.refresh()
    assert feed.ends(a_token("later"))
    assert bool(forgotten) is not before_start


def test_a_missing_server_is_a_store_error() -> None:
    """Fault 80: nobody listening is a StoreError without address or credentials in its text."""
    pytest.importorskip("redis")
    store = open_store(f"redis://user:hunter2@127.0.0.1:{free_port()}/0")
    with pytest.raises(StoreError) as caught:
        store.find(digest(1))
    assert "hunter2" not in str(caught.value)


def test_an_evicting_redis_is_refused(redis_url: str) -> None:
    """Fault 82: a Redis that may evict revocations is not used."""
    import redis

    client = redis.Redis.from_url(redis_url)
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(ConfigurationError, match="noeviction"):
            open_store(redis_url).find(digest(1))
    finally:
        client.config_set("maxmemory-policy", "noeviction")


def test_overlapping_revocations_on_postgresql(postgresql_url: str) -> None:
    """S14: two revocations at once: the one with the higher number cannot become visible before the lower."""
    engine = sa.create_engine(postgresql_url)
    metadata.drop_all(engine)
    store = SqlStore(postgresql_url)
    store.newest_revocation()
    reader = Feed(store, 0, 1000, 0, lambda: None)
    slow = engine.connect()
    transaction = slow.begin()
    number = slow.scalar(_NEXT_NUMBER)
    second = threading.Thread(target=store.revoke, args=(Kind.TOKEN, "t2", NOW, NOW + 5000))
    second.start()
    second.join(0.5)
    assert second.is_alive()  # it waits for the row of the counter, so it cannot commit first
    reader.refresh()
    assert not reader.ends(a_token("t2"))
    row = {"number": number, "kind": "token", "value": "t1", "before": NOW, "until": NOW + 5000}
    slow.execute(revocations.insert().values(**row))
    transaction.commit()
    second.join(10)
    slow.close()
    reader.refresh()
    assert reader.ends(a_token("t1"))
    assert reader.ends(a_token("t2"))
    assert [entry.value for entry in store.revocations(0, NOW, 10)] == ["t1", "t2"]
    engine.dispose()


def test_the_application_works_on_every_store(make_app: MakeApp, store_url: str) -> None:
    """A token issued on one worker is taken by another, on each kind of store."""
    one, other = make_app(store=store_url), make_app(store=store_url)
    assert isinstance(one, Flask)
    token = one.test_client().post("/login").json["access_token"]  # type: ignore[index]
    answer = other.test_client().get("/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.json == {"user": "alice", "shop": 7}


def test_clients_are_kept_replaced_and_forgotten(store: Store) -> None:
    """A client comes back whole, a second writing of it replaces the first, and one that was removed is gone."""
    first = Client(
        "client-1", "é", frozenset(("read", "write")), frozenset(), True, NOW, (ClientSecret(digest(1), NOW),)
    )
    second = replace(first, id="client-2", introspects=False, secrets=(), created_at=NOW + 1)
    for client in (second, first):
        store.put_client(client)
    assert store.find_client("client-1") == first
    assert store.find_client("client-3") is None
    changed = replace(first, secrets=(ClientSecret(digest(2), NOW + 1), ClientSecret(digest(1), NOW)))
    store.put_client(changed)
    assert store.clients() == [changed, second]
    assert store.remove_client("client-1")
    assert not store.remove_client("client-1")
    assert store.clients() == [second]
