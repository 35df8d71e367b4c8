"""Stores seen from several processes: started at once, forked, stopped and started again."""

from __future__ import annotations

import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from stopper.guard import Guard
from stopper.guard.store import Kind, open_store
from stopper.guard.store.sql import SqlStore, _make_tables, metadata
from stopper.guard.token import Token
from tests.guard.conftest import MakeApp
from tests.guard.stores import free_port, redis_server

spawning = multiprocessing.get_context("spawn")


def a_token(identifier: str) -> Token:
    """Return a token of alice that lives for an hour."""
    return Token(identifier, "alice", frozenset(("read",)), time.time(), time.time() + 3600)


def add_one(url: str, number: int, ready: Any, results: Any) -> None:
    """Be a worker: open the store at the same moment as the others, keep a token and revoke one."""
    ready.wait(30)
    store = open_store(url)
    kept = store.add(number.to_bytes(32, "big"), a_token(f"t{number}"))
    store.revoke(Kind.TOKEN, f"t{number}", time.time(), time.time() + 3600)
    results.put(kept)


def test_four_workers_start_at_once(store_url: str) -> None:
    """Four processes that find an empty store at the same moment all get to work, and no revocation is lost."""
    ready, results = spawning.Barrier(4), spawning.Queue()
    workers = [spawning.Process(target=add_one, args=(store_url, number, ready, results)) for number in range(4)]
    for worker in workers:
        worker.start()
    assert [results.get(timeout=60) for _ in workers] == [True] * 4
    for worker in workers:
        worker.join(30)
        assert worker.exitcode == 0
    entries = open_store(store_url).revocations(0, time.time(), 100)
    assert sorted(entry.value for entry in entries) == ["t0", "t1", "t2", "t3"]
    assert len({entry.number for entry in entries}) == 4


def test_a_store_that_was_used_before_a_fork(store_url: str) -> None:
    """G03 fault 83: parent and children go on after a fork, each on connections of its own."""
    store = open_store(store_url)
    assert store.add(bytes(32), a_token("t0"))
    children = []
    for number in range(1, 4):
        child = os.fork()
        if child == 0:
            good = all(
                store.find(bytes(32)) is not None and store.add(os.urandom(32), a_token(f"c{number}-{step}"))
                for step in range(20)
            )
            os._exit(0 if good else 1)
        children.append(child)
    good = all(store.find(bytes(32)) is not None for _ in range(200))
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    assert good
    assert len(store.tokens_of("alice", time.time())) == 61


def test_tokens_made_after_a_fork_differ(store_url: str, make_app: MakeApp) -> None:
    """G03: children of one parent make tokens that the others do not."""
    app, guard = make_app(store=store_url), Guard()
    reading, writing = os.pipe()
    with app.app_context():
        guard.issue("alice")
        for _ in range(3):
            if os.fork() == 0:
                issued = [guard.issue("alice")["access_token"] for _ in range(10)]
                os.write(writing, ("\n".join(issued) + "\n").encode())
                os._exit(0)
    for _ in range(3):
        os.wait()
    os.close(writing)
    with os.fdopen(reading) as lines:
        assert len(set(lines.read().split())) == 30


def test_a_fresh_worker_knows_of_earlier_revocations(store_url: str, make_app: MakeApp) -> None:
    """S14: a process that starts after a revocation refuses the token at the first request."""
    first, guard = make_app(store=store_url), Guard()
    with first.app_context():
        token = guard.issue("alice", ("read",), claims={"shop": 7})["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    assert first.test_client().get("/me", headers=header).status_code == 200
    with first.app_context():
        guard.revoke_subject("alice")
    assert make_app(store=store_url).test_client().get("/me", headers=header).status_code == 401


def test_a_store_that_stops_and_starts_again(make_app: MakeApp, tmp_path: Path) -> None:
    """S14 faults 80 81: without its store the guard answers 503 to tokens old and new, and afterwards goes on."""
    port, guard = free_port(), Guard()
    app: Flask | None = None
    with redis_server(tmp_path, port) as url:
        app = make_app(store=url)
        client = app.test_client()
        with app.app_context():
            seen, unseen = (guard.issue("alice", ("read",), claims={"shop": 7})["access_token"] for _ in range(2))
        assert client.get("/me", headers={"Authorization": f"Bearer {seen}"}).status_code == 200
    time.sleep(1.05)
    for token in (seen, unseen):
        assert client.get("/me", headers={"Authorization": f"Bearer {token}"}).status_code == 503
    assert client.post("/login").status_code == 503
    with redis_server(tmp_path, port):
        for token in (seen, unseen):
            assert client.get("/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_tables_that_another_is_making(postgresql_url: str) -> None:
    """A store that finds no tables while another one makes them waits: IF NOT EXISTS alone would fail at its commit."""
    engine = sa.create_engine(postgresql_url)
    metadata.drop_all(engine)
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as connection:
            _make_tables(connection)
            second = pool.submit(SqlStore(postgresql_url).newest_revocation)
            time.sleep(0.5)
            assert not second.done()
        assert second.result(10) == 0
    engine.dispose()
