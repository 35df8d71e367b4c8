"""Rows 80 to 88 of the table of faults: what the guard does when things around it break, against real ones.

Each test is named after its row; scripts/faults.py runs a row at a time under a limit of time and memory.
"""

from __future__ import annotations

import base64
import io
import logging
import os
import resource
import signal
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from stopper.guard import ConfigurationError, Guard, current_token, opaque, redact
from tests.guard.stores import free_port, redis_server

LAG = 1.05
"""Seconds after which every process has read the revocations again."""


def guarded(folder: Path, **settings: object) -> tuple[Flask, Guard]:
    """Return an application with a login, a protected route and a logout, as one worker has it."""
    app = Flask("shop", instance_path=str(folder))
    app.config.update({f"STOPPER_{key.upper()}": value for key, value in settings.items()})
    app.config["PROPAGATE_EXCEPTIONS"] = False
    guard = Guard(app)

    @app.post("/login")
    @guard.public
    def login() -> Any:
        return guard.issue("alice")

    @app.get("/me")
    @guard.require
    def me() -> Any:
        return {"user": current_token.subject}

    @app.post("/logout")
    @guard.require
    def logout() -> Any:
        guard.revoke(current_token)
        return "", 204

    return app, guard


def bearer(token: str) -> dict[str, str]:
    """Return the headers that present a token."""
    return {"Authorization": f"Bearer {token}"}


def issued(client: FlaskClient) -> str:
    """Return a fresh token."""
    token: str = client.post("/login").get_json()["access_token"]
    return token


def asked(client: FlaskClient, token: str) -> int:
    """Return the status that a token gets."""
    return client.get("/me", headers=bearer(token)).status_code


@contextmanager
def in_a_child() -> Iterator[Callable[[Callable[[], bool]], bool]]:
    """Give a function that runs another one in a forked process and tells whether it was true there."""

    def run(what: Callable[[], bool]) -> bool:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if what() else 2
            finally:
                os._exit(status)
        return os.waitpid(child, 0)[1] == 0

    yield run


# --------------------------------------------------------------------------- 80: the store is broken


@pytest.mark.parametrize("broken", ["no database", "no table", "no column", "a folder"])
def test_fault_80_a_broken_or_half_migrated_database(tmp_path: Path, broken: str) -> None:
    """Fault 80: garbage in place of the database, a table or column that is missing: 503 for all, and nothing else."""
    token = issued(guarded(tmp_path)[0].test_client())
    file = tmp_path / "stopper.db"
    for path in tmp_path.glob("stopper.db-*"):
        sqlite3.connect(file).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        path.unlink(missing_ok=True)
    if broken == "no database":
        file.write_bytes(b"this is no database " * 100)
    elif broken == "a folder":
        file.unlink()
        file.mkdir()
    else:
        database = sqlite3.connect(file)
        database.execute("ALTER TABLE stopper_tokens RENAME TO gone")
        made = "CREATE TABLE stopper_tokens (digest BLOB PRIMARY KEY, id TEXT)"
        database.execute(made if broken == "no column" else "DROP TABLE stopper_revocations")
        database.commit()
        database.close()
    app, _ = guarded(tmp_path)
    client = app.test_client()
    refused = client.get("/me", headers=bearer(token))
    if broken == "no table":  # which is made again, without what it held: the token is unknown, never accepted
        assert refused.status_code in (401, 503)
        return
    assert refused.status_code == 503
    assert client.post("/login").status_code == 503
    assert "sqlite" not in refused.text.lower()
    assert "stopper_tokens" not in refused.text


def test_fault_80_a_full_disk(tmp_path: Path) -> None:
    """Fault 80: where no byte more can be written, nothing is issued, what was issued works, and no answer is 500."""

    def fill() -> bool:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        client = guarded(tmp_path)[0].test_client()
        good = issued(client)
        size = max(path.stat().st_size for path in tmp_path.glob("stopper.db*"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200_000, size + 200_000))
        statuses = [client.post("/login").status_code for _ in range(200)]
        return set(statuses) == {200, 503} and statuses[-1] == 503 and asked(client, good) == 200

    with in_a_child() as run:
        assert run(fill)


def test_fault_80_a_read_only_database(tmp_path: Path) -> None:
    """Fault 80: with a database that cannot be written, tokens are checked, and issuing and revoking are 503."""
    client = guarded(tmp_path)[0].test_client()
    token = issued(client)
    sqlite3.connect(tmp_path / "stopper.db").execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def use() -> bool:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        reader = guarded(tmp_path)[0].test_client()
        if asked(reader, token) != 200:
            return False
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        revoked = reader.post("/logout", headers=bearer(token)).status_code
        return (asked(reader, token), reader.post("/login").status_code, revoked) == (200, 503, 503)

    with in_a_child() as run:
        assert run(use)


# --------------------------------------------------------------------------- 81 and 82: Redis


def test_fault_81_a_store_that_stops_and_comes_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Fault 81: with Redis gone, known and unknown tokens get 503 after the lag; with it back, they work again."""
    port = free_port()
    with redis_server(tmp_path, port) as url:
        client = guarded(tmp_path / "app", store=url)[0].test_client()
        seen, unseen = issued(client), issued(client)
        assert asked(client, seen) == 200
    time.sleep(LAG)
    began = time.monotonic()
    assert [asked(client, seen), asked(client, unseen), client.post("/login").status_code] == [503] * 3
    assert time.monotonic() - began < 15
    assert seen not in caplog.text
    with redis_server(tmp_path, port):
        time.sleep(LAG)
        assert [asked(client, seen), asked(client, unseen)] == [200, 200]


def test_fault_81_a_grace_takes_what_is_remembered(tmp_path: Path) -> None:
    """Fault 81: a configured grace lets tokens in that were verified before, and only those."""
    with redis_server(tmp_path, free_port()) as url:
        client = guarded(tmp_path / "app", store=url, store_grace=30)[0].test_client()
        seen, unseen = issued(client), issued(client)
        assert asked(client, seen) == 200
    time.sleep(LAG)
    assert [asked(client, seen), asked(client, unseen)] == [200, 503]


def test_fault_82_a_redis_that_forgets(tmp_path: Path) -> None:
    """Fault 82: with a Redis whose policy may drop revocations the application does not start, and is told why."""
    import redis

    with redis_server(tmp_path, free_port()) as url:
        redis.Redis.from_url(url).config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(ConfigurationError, match="noeviction"):
            guarded(tmp_path / "app", store=url)


# --------------------------------------------------------------------------- 83 and 84: forks and clashes


def test_fault_83_a_fork_after_everything_is_open(tmp_path: Path) -> None:
    """Fault 83: workers forked from a process with an open database verify, issue different tokens and harm nobody."""
    app, _ = guarded(tmp_path)
    client = app.test_client()
    token = issued(client)
    assert asked(client, token) == 200
    written = tmp_path / "made"

    def work() -> bool:
        made = [issued(client) for _ in range(50)]
        with written.open("a") as file:
            file.write("".join(f"{one}\n" for one in made))
        return asked(client, token) == 200 and all(asked(client, one) == 200 for one in made)

    with in_a_child() as run:
        assert [run(work) for _ in range(4)] == [True] * 4
    made = written.read_text().split()
    assert len(set(made)) == 200
    assert {asked(client, one) for one in [token, *made]} == {200}
    assert sqlite3.connect(tmp_path / "stopper.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_fault_84_an_id_that_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 84: where two tokens would have the same id or the same digest, the second one is made anew."""
    client = guarded(tmp_path)[0].test_client()
    ids = iter(["a" * 12, "a" * 12, "a" * 12, "b" * 12])
    monkeypatch.setattr("stopper.guard.tokens.fingerprint", lambda credential: next(ids))
    first, second = issued(client), issued(client)
    assert first != second
    kept = sqlite3.connect(tmp_path / "stopper.db").execute("SELECT id FROM stopper_tokens ORDER BY id").fetchall()
    assert kept == [("a" * 12,), ("b" * 12,)]


# --------------------------------------------------------------------------- 85 and 86: logs


class Raising(logging.Handler):
    """A handler that cannot write."""

    def emit(self, record: logging.LogRecord) -> None:
        """Fail as a handler does whose disk is full, with the text of the record."""
        try:
            raise OSError(self.format(record) + record.getMessage())
        except Exception:
            self.handleError(record)


@pytest.mark.parametrize(
    "arguments", [("%s", "TOKEN"), ("%(a)s", {"a": "TOKEN"}), ("%d", "TOKEN"), ("%s", b"TOKEN"), ("TOKEN %s",)]
)
def test_fault_85_a_handler_that_raises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[Any, ...]
) -> None:
    """Fault 85: a handler that fails in the middle reports it without the token, and the request is answered."""
    app, _ = guarded(tmp_path)
    client = app.test_client()
    token = issued(client)

    def filled(value: Any) -> Any:
        if isinstance(value, bytes):
            return value.replace(b"TOKEN", token.encode())
        return {"a": token} if isinstance(value, dict) else value.replace("TOKEN", token)

    log = logging.getLogger("shop.child.deep")
    log.addHandler(Raising())
    redact.carry_anew(f"Bearer {token}")
    log.error(*map(filled, arguments))
    log.handlers.clear()
    assert asked(client, token) == 200
    shown = capsys.readouterr().err
    assert "Logging error" in shown
    assert token not in shown
    assert token[10:40] not in shown


def test_fault_86_a_token_in_another_dress(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Fault 86: encoded or inside an object, a token is hidden; split over two calls it is out of reach, as is said."""
    app, _ = guarded(tmp_path)
    client = app.test_client()
    token = issued(client)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    log = logging.getLogger("shop.dressed")
    log.addHandler(handler)
    redact.carry_anew(f"Bearer {token}")
    log.error("%s", base64.b64encode(f"x:{token}".encode()).decode())
    log.error("%r", {"session": [token.encode()]})
    log.removeHandler(handler)
    assert stream.getvalue().count("[redacted ") == 2
    assert token[5:] not in stream.getvalue()
    assert "two log calls" in (redact.__doc__ or "")


# --------------------------------------------------------------------------- 87 and 88: floods and clocks


def test_fault_87_thousands_of_bad_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Fault 87: three thousand tokens with a wrong checksum ask no store, cost under 1 ms each and fill no log."""
    app, _ = guarded(tmp_path)
    client = app.test_client()
    good = issued(client)
    assert asked(client, good) == 200
    store = app.extensions["stopper"].tokens.store
    looked_up: list[bytes] = []
    find = store.find

    def counted(digest: bytes) -> object:
        looked_up.append(digest)
        return find(digest)

    monkeypatch.setattr(store, "find", counted)
    bad = [opaque.generate("stop")[:-1] for _ in range(1000)]
    bad += [f"stop_{number:043d}_aaaaaa" for number in range(1000)]
    bad += [f"noise-{number}" for number in range(1000)]
    caplog.set_level(logging.INFO)
    began, cpu = time.monotonic(), time.process_time()
    assert {asked(client, token) for token in bad} == {401}
    seconds = time.monotonic() - began
    assert looked_up == []
    assert (time.process_time() - cpu) / len(bad) < 0.001
    refusals = [record for record in caplog.records if record.name == "stopper.audit"]
    assert 0 < len(refusals) <= 20 * (seconds + 2)
    assert asked(client, good) == 200


def test_fault_88_the_answer_does_not_tell_why(tmp_path: Path) -> None:
    """Fault 88: unknown, revoked, expired and malformed tokens get the same answer to the byte."""
    client = guarded(tmp_path)[0].test_client()
    with time_machine.travel(time.time() - 7200, tick=False):
        expired = issued(client)
    revoked = issued(client)
    assert client.post("/logout", headers=bearer(revoked)).status_code == 204
    time.sleep(LAG)
    wrong = [opaque.generate("stop"), revoked, expired, "noise", "stop_" + "a" * 43 + "_aaaaaa"]
    answers = [client.get("/me", headers=bearer(token)) for token in wrong]
    assert len({(answer.status, answer.data, str(answer.headers)) for answer in answers}) == 1
    assert answers[0].status_code == 401


def test_fault_88_the_time_does_not_tell_either(tmp_path: Path) -> None:
    """Fault 88: unknown and revoked tokens, which both are looked up, are refused within half a millisecond alike."""
    client = guarded(tmp_path, cache_size=1)[0].test_client()
    revoked = [issued(client) for _ in range(200)]
    for token in revoked:
        client.post("/logout", headers=bearer(token))
    time.sleep(LAG)
    unknown = [opaque.generate("stop") for _ in revoked]
    taken: dict[str, list[float]] = {"revoked": [], "unknown": []}
    for pair in zip(revoked, unknown, strict=True):
        for name, token in zip(taken, pair, strict=True):
            began = time.process_time()
            assert asked(client, token) == 401
            taken[name].append(time.process_time() - began)
    assert abs(statistics.median(taken["revoked"]) - statistics.median(taken["unknown"])) < 0.0005
