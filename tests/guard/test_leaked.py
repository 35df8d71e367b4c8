"""Tokens found at rest: whether the store still knows them, and their end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from click.testing import CliRunner, Result
from flask import Flask

from stopper.cli import main
from stopper.guard import Guard
from stopper.secret import fingerprint
from tests.guard.conftest import MakeApp

PEPPER = "p" * 64


def sweep(*arguments: str, environment: dict[str, str] | None = None) -> Result:
    """Run `stopper sweep`."""
    return CliRunner(env=environment).invoke(main, ["sweep", *arguments])


class Shop:
    """A guarded application that logs in with refresh tokens; each request comes to a process of its own."""

    def __init__(self, make_app: MakeApp, **settings: object) -> None:
        self._make, self._settings = make_app, settings

    def _app(self) -> Flask:
        return self._make(**self._settings)

    def login(self) -> dict[str, str]:
        """Return a new pair of tokens."""
        app = self._app()
        with app.test_request_context("/login", base_url="https://shop.test"):
            guard: Guard = app.extensions["stopper-guard"]
            return dict(guard.issue_with_refresh("alice", ("read",), claims={"shop": 7}))  # type: ignore[arg-type]

    def lets_in(self, token: str) -> bool:
        """Tell whether a route lets a token in."""
        answer = self._app().test_client().get("/me", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code == 200


@pytest.fixture
def shop(make_app: MakeApp, store_url: str) -> Shop:
    """Return an application on each kind of store."""
    return Shop(make_app, store=store_url)


def test_the_store_tells_what_lives_and_ends_it(shop: Shop, store_url: str, tmp_path: Path) -> None:
    """On each store: a live token, a live refresh token and a foreign one are told apart, and the live ones end."""
    live, other = shop.login(), shop.login()
    foreign = "stop_" + "A" * 43 + "_" + _checksum("stop_" + "A" * 43)
    log = tmp_path / "debug.log"
    log.write_text(f"a {live['access_token']}\nb {other['refresh_token']}\nc {foreign}\n")
    told = sweep(str(log), "--store", store_url)
    assert told.exit_code == 1
    assert _lives(told.output) == ["alive", "alive", "not of this store"]
    assert shop.lets_in(live["access_token"]) and shop.lets_in(other["access_token"])
    ended = sweep(str(log), "--store", store_url, "--revoke")
    assert _lives(ended.output) == ["revoked by this sweep", "revoked by this sweep", "not of this store"]
    assert ended.stderr.splitlines()[-1] == "revoked: 2"
    assert not shop.lets_in(live["access_token"]) and not shop.lets_in(other["access_token"])
    again = sweep(str(log), "--store", store_url, "--revoke")
    assert _lives(again.output) == ["not of this store", "revoked before", "revoked before"]
    assert "revoked: 0" in again.stderr
    for result in (told, ended, again):
        assert not any(token in result.output for token in (live["access_token"], other["refresh_token"], foreign))


def _lives(output: str) -> list[str]:
    return [line.rpartition(", ")[2] for line in output.splitlines() if line.startswith("opaque token")]


def _checksum(body: str) -> str:
    from stopper.secret import opaque_checksum

    return opaque_checksum(body)


@pytest.fixture
def notes(postgresql_url: str) -> Iterator[Callable[..., None]]:
    """Yield what writes rows into a table of PostgreSQL that has nothing to do with the guard."""
    engine = sa.create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE notes (id int PRIMARY KEY, body text, extra jsonb, raw bytea)"))

    def write(number: int, body: str, extra: object, raw: bytes) -> None:
        values = {"id": number, "body": body, "extra": json.dumps(extra), "raw": raw}
        with engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO notes VALUES (:id, :body, :extra, :raw)"), values)

    yield write
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE notes"))
    engine.dispose()


def test_a_live_token_in_a_column_of_postgresql_is_found_and_revoked(
    make_app: MakeApp, postgresql_url: str, notes: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The promise of BT315: found in a text, a JSON and a binary column, told by table, column and key, and ended."""
    shop = Shop(make_app, store=postgresql_url)
    tokens = [shop.login()["access_token"] for _ in range(3)]
    notes(1, "nothing to see", {"page": 3}, b"\x00\x01")
    notes(7, f"sent: Authorization: Bearer {tokens[0]}", {"deep": [tokens[1]]}, b"\xff\x00" + tokens[2].encode())
    monkeypatch.setenv("SHOP_DATABASE", postgresql_url)
    result = sweep("env:SHOP_DATABASE", "--store", "env:SHOP_DATABASE", "--revoke", "--format", "json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1 and "revoked: 3" in result.stderr
    for token, column in zip(tokens, ("body", "extra", "raw"), strict=True):
        (finding,) = (f for f in report["findings"] if fingerprint(token) in f["message"])
        assert f"notes.{column} [id=7]" in finding["message"] and "revoked by this sweep" in finding["message"]
        assert token not in result.output
    assert len(report["findings"]) == 3, "the store's own tables hold digests, which are no tokens"
    assert not any(map(shop.lets_in, tokens))


def test_peppers_come_from_the_environment(make_app: MakeApp, tmp_path: Path) -> None:
    """A store with a pepper knows its tokens for who has the pepper alone."""
    store = f"sqlite:///{tmp_path / 'kept.db'}"
    app = make_app(store=store, peppers=[PEPPER])
    token = app.test_client().post("/login").get_json()["access_token"]
    (tmp_path / "a.log").write_text(token)
    assert _lives(sweep(str(tmp_path / "a.log"), "--store", store).output) == ["not of this store"]
    with_pepper = sweep(str(tmp_path / "a.log"), "--store", store, environment={"STOPPER_PEPPERS": PEPPER})
    assert _lives(with_pepper.output) == ["alive"]
    assert "BT315" not in with_pepper.output and PEPPER not in with_pepper.output


def test_an_expired_token_is_told_as_such(app: Flask, tmp_path: Path) -> None:
    """What has expired is dead, whatever else is known of it."""
    guard: Guard = app.extensions["stopper-guard"]
    with app.test_request_context("/login", base_url="https://shop.test"):
        pair = guard.issue_with_refresh("alice")
    (tmp_path / "a.log").write_text(f"{pair['access_token']}\n{pair['refresh_token']}\n")
    with time_machine.travel(time.time() + 7200):
        assert _lives(_flask(app, str(tmp_path / "a.log")).output) == ["alive", "expired"]
    with time_machine.travel(time.time() + 40 * 86_400):
        assert _lives(_flask(app, str(tmp_path / "a.log")).output) == ["expired", "expired"]


def _flask(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["tokens", "sweep", *arguments])


def test_the_application_sweeps_with_its_own_store(app: Flask, make_app: MakeApp, tmp_path: Path) -> None:
    """`flask tokens sweep` asks and ends by the application's own configuration, and goes on where it was."""
    token = app.test_client().post("/login").get_json()["access_token"]
    log, kept = tmp_path / "logs" / "a.log", tmp_path / "state"
    log.parent.mkdir()
    log.write_text(f"2026-11-23 21:03:16 sent {token}\n" * 40)
    told = _flask(app, str(log))
    assert told.exit_code == 1 and f"[redacted {fingerprint(token)}], 40 times, alive" in told.output
    assert _flask(app, str(log), "--revoke", "--resume", str(kept)).stderr == "revoked: 1\n"
    assert not Shop(make_app).lets_in(token)
    assert "40 times" in _flask(app, str(log), "--resume", str(kept)).output
    assert token not in told.output + kept.read_text()


def test_a_signed_token_is_verified_and_ended(make_app: MakeApp, tmp_path: Path) -> None:
    """A JWT of the application's own is held against its keys and revocations; one of another issuer is not known."""
    settings = {"token_format": "jwt", "issuer": "https://shop.test", "audiences": ["https://shop.test"]}
    app = make_app(**settings)
    token = app.test_client().post("/login").get_json()["access_token"]
    head, payload, signature = token.split(".")
    forged = f"{head}.{payload}.{signature[::-1]}"
    (tmp_path / "a.log").write_text(f"{token}\n{forged}\n")
    lines = [line for line in _flask(app, str(tmp_path / "a.log"), "--revoke").output.splitlines() if "JWT" in line]
    assert [line.rpartition(", ")[2] for line in lines] == ["revoked by this sweep", "may be alive"]
    assert not Shop(make_app, **settings).lets_in(token)


@pytest.mark.parametrize(
    ("store", "why"),
    [
        ("sqlite:////nowhere/at/all.db", "the store's file does not exist"),
        ("postgresql+psycopg://ada:hunter2pass@127.0.0.1:1/shop?connect_timeout=1", "the token store"),
        ("postgresql://ada:hunter2pass@[::bad/shop", "no URL of a store"),
        ("env:NOT_SET_ANYWHERE", "is not set"),
    ],
)
def test_a_store_that_is_not_there_is_one_line(store: str, why: str, tmp_path: Path) -> None:
    """Nothing is made, nothing is swept, and the password of the address is not told."""
    (tmp_path / "a.log").write_text("quiet")
    result = sweep(str(tmp_path / "a.log"), "--store", store)
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)
    assert why in result.output and "hunter2pass" not in result.output


def test_an_application_says_in_one_line_what_it_cannot_sweep(app: Flask, tmp_path: Path) -> None:
    """An address of nothing is status 2, as 1 says that a token was found; what is missing is status 3."""
    refused = _flask(app, "nosuch://ada:hunter2pass@db.example/shop")
    assert (refused.exit_code, "hunter2pass" in refused.output) == (2, False)
    assert _flask(app, str(tmp_path / "missing.log")).exit_code == 3
