"""Where used proofs are known: one contract on SQLite, PostgreSQL and Redis, and over several workers of a server."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from stopper.guard.store import Store, StoreError, open_store
from tests.guard.proving import Prover
from tests.guard.servers import Server, gunicorn

NOW = 1_900_000_000.0
ORIGIN = "https://api.test"


@pytest.fixture
def store(store_url: str) -> Store:
    """Return the empty store."""
    return open_store(store_url)


def digest(number: int) -> bytes:
    """Return the digest of nothing in particular."""
    return number.to_bytes(32, "big")


def test_a_proof_is_used_once(store_url: str, store: Store) -> None:
    """S18: the first use of a proof is told from every later one, also by another process's store."""
    assert store.first_use(digest(1), NOW)
    assert not store.first_use(digest(1), NOW)
    assert not store.first_use(digest(1), NOW + 60)
    assert not open_store(store_url).first_use(digest(1), NOW)
    assert store.first_use(digest(2), NOW)


def test_of_many_at_once_one_is_the_first(store: Store) -> None:
    """S18: however many threads bring the same proof at the same moment, one of them is let in."""
    store.first_use(digest(0), NOW)
    ready = threading.Barrier(8)

    def use(number: int) -> bool:
        ready.wait(10)
        return store.first_use(digest(number), NOW)

    with ThreadPoolExecutor(8) as threads:
        for number in range(1, 6):
            assert sum(threads.map(use, [number] * 8)) == 1


def test_what_is_too_old_is_forgotten(store: Store) -> None:
    """S15: used proofs go when they could not be used again, by the store itself or as new ones come; others stay."""
    moment = time.time()
    assert store.first_use(digest(1), moment + 0.5)
    assert store.first_use(digest(2), moment + 3600)
    deadline = moment + 5
    while not store.first_use(digest(1), time.time() + 3600):
        assert time.time() < deadline
        time.sleep(0.1)
        store.forget_uses(time.time())
    assert not store.first_use(digest(2), moment + 3600)


def test_purging_takes_old_proofs_along(store_url: str, store: Store) -> None:
    """S15: the nightly purge leaves no old proof behind where no new one comes."""
    if store_url.startswith("redis"):
        pytest.skip("entries of Redis expire by themselves")
    store.first_use(digest(1), NOW)
    store.first_use(digest(2), NOW + 60)
    assert store.purge(NOW) == 1
    assert store.first_use(digest(1), NOW)
    assert not store.first_use(digest(2), NOW + 60)


def test_a_secret_is_shared(store_url: str, store: Store) -> None:
    """S18: all processes get the same random bytes of a name, whoever asks first, and others of another name."""
    with ThreadPoolExecutor(4) as threads:
        secrets = set(threads.map(lambda _: open_store(store_url).secret("one"), range(4)))
    assert secrets == {store.secret("one")}
    assert len(store.secret("one")) == 32
    assert store.secret("two") not in secrets


def test_one_round_trip_on_redis(redis_url: str) -> None:
    """S18: a proof costs Redis one command, and nothing to look at first or to tidy up after."""
    import redis

    redis.Redis.from_url(redis_url).flushall()
    store: Any = open_store(redis_url)
    store.first_use(digest(1), NOW)

    def commands() -> int:
        return int(store._redis.info("stats")["total_commands_processed"])

    before = commands()
    for number in range(2, 12):
        store.first_use(digest(number), NOW)
    store.forget_uses(NOW)
    assert commands() - before == 10 + 1  # and the question how many there were


def test_one_round_trip_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    """S18: a proof costs PostgreSQL one message there and one back: no BEGIN, no COMMIT, no question before."""
    import sqlalchemy as sa

    store: Any = open_store(postgresql_url)
    for number in range(20):  # until the driver has prepared the statement
        store.first_use(digest(1000 + number), NOW)
    with (tmp_path / "trace").open("w") as trace:
        with store._engine.connect() as connection:
            connection.connection.driver_connection.pgconn.trace(trace.fileno())
        for number in range(10):
            assert store.first_use(digest(2000 + number), NOW)
        with store._engine.connect() as connection:
            connection.connection.driver_connection.pgconn.untrace()
    with store._engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM stopper_proofs"))
    store._engine.dispose()
    sent = [line.split("\t") for line in (tmp_path / "trace").read_text().splitlines()]
    waits = [line for line in sent if "F" in line and ("Sync" in line or "Query" in line)]
    assert len(waits) == 10


def test_a_store_that_is_away(tmp_path: Path) -> None:
    """S14: where the store cannot be asked, nobody is told that a proof is new."""
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 100)
    for url in (f"sqlite:///{broken}", "redis://127.0.0.1:1/0"):
        with pytest.raises(StoreError):
            open_store(url).first_use(digest(1), NOW)


# --------------------------------------------------------------------------- several workers

APPLICATION = """
import os

from flask import Flask

from stopper.guard import Guard

app = Flask("served", instance_path=os.environ["INSTANCE"])
app.config.update(STOPPER_DEV_HTTP=True, STOPPER_STORE=os.environ["STORE"], STOPPER_DPOP=["https://api.test"])
guard = Guard(app)


@app.post("/login")
@guard.public
def login():
    return guard.issue("alice", ("read",))


@app.get("/me")
@guard.require("read", bound=True)
def me():
    return {"worker": os.getpid()}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the application with two workers of two threads, on SQLite."""
    folder = tmp_path_factory.mktemp("workers")
    options = ("--workers", "2", "--threads", "2")
    with gunicorn(folder, APPLICATION, *options, STORE=f"sqlite:///{folder / 'stopper.db'}") as running:
        yield running


@pytest.fixture(scope="module")
def prover() -> Prover:
    """Return a client with one key."""
    return Prover()


@pytest.fixture(scope="module")
def token(server: Server, prover: Prover) -> str:
    """Return a token that is bound to its key."""
    answer = server.ask("/login", {"DPoP": prover.proof("/login", method="POST", origin=ORIGIN)}, "POST")
    body = json.loads(answer.body)
    assert body["token_type"] == "DPoP"
    return str(body["access_token"])


def headers(prover: Prover, token: str, proof: str = "") -> list[tuple[str, str]]:
    """Return the headers of a request, with a new proof or with this one."""
    return [("Authorization", f"DPoP {token}"), ("DPoP", proof or prover.proof("/me", token, origin=ORIGIN))]


def test_a_replay_within_and_across_workers(server: Server, prover: Prover, token: str) -> None:
    """S18: of the same proof sent to all workers at once, again and again, one is let in; of new ones, all."""
    workers: Counter[int] = Counter()
    with ThreadPoolExecutor(8) as threads:
        for _ in range(10):
            again = headers(prover, token)
            answers = list(threads.map(lambda same: server.ask("/me", same), [again] * 8))
            assert Counter(answer.status for answer in answers) == {200: 1, 401: 7}
        new = [headers(prover, token) for _ in range(60)]
        for answer in threads.map(lambda one: server.ask("/me", one), new):
            assert answer.status == 200
            workers[json.loads(answer.body)["worker"]] += 1
        assert {answer.status for answer in threads.map(lambda one: server.ask("/me", one), new)} == {401}
    assert len(workers) == 2


def test_two_headers_and_a_huge_one(server: Server, prover: Prover, token: str) -> None:
    """S18: a real server's way to hand over two DPoP headers, or one that is too long, lets nobody in."""
    two = [*headers(prover, token), ("DPoP", prover.proof("/me", token, origin=ORIGIN))]
    assert server.ask("/me", two).status == 401
    long = prover.proof("/me", token, origin=ORIGIN, padding="x" * 5000)
    assert server.ask("/me", headers(prover, token, long)).status in (400, 401, 431)
    huge = prover.proof("/me", token, origin=ORIGIN, padding="x" * 60_000)
    with contextlib.suppress(ConnectionError, http.client.HTTPException):  # gunicorn may hang up on it
        assert server.ask("/me", headers(prover, token, huge)).status in (400, 401, 431)
    assert server.ask("/me", headers(prover, token)).status == 200
    assert "Traceback" not in server.log.read_text()
