"""Where tokens go while an application answers: through every sink, in every form, with the line that did it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cachelib import SimpleCache
from flask import Flask, Response, abort, jsonify, request, session
from flask.typing import ResponseReturnValue
from flask_caching import Cache

from stopper.io import app_watch
from stopper.io.app_watch import compared, filled, into, shown
from stopper.io.in_process import InProcess
from stopper.observe.views import Exchange, Leak, Request

TOKEN = "canary/+=5d41402abc4b2a76b9719d911017c592"


HANDLE = logging.Handler.handle
"""As Python has it: the guard of another test puts its redaction into every handler of the process."""


@pytest.fixture(autouse=True)
def own_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no other test's guard redact what is written here."""
    monkeypatch.setattr(logging.Handler, "handle", HANDLE)


def sent() -> str:
    """Return the token of the request."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def asked(app: Flask, path: str, body: bytes | None = None) -> Exchange:
    """Return what one request with the token gives."""
    call = Request("GET", f"https://localhost{path}", (("Authorization", f"Bearer {TOKEN}"),), body)
    return asyncio.run(InProcess(app, Path(__file__).parent).send(call))


def leaks(app: Flask, path: str = "/") -> list[Leak]:
    """Return where the token of one request went."""
    found = asked(app, path).leaks
    assert found is not None
    return list(found)


def line(text: str) -> int:
    """Return the number of the first line of this file that holds a text."""
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, written in enumerate(lines, 1) if text in written)


@pytest.fixture
def app() -> Iterator[Flask]:
    """An application with a logger of its own and nothing else."""
    made = Flask("watched")
    made.secret_key = "a key that is long enough for this test"
    yield made
    made.logger.handlers.clear()


def test_a_header_that_a_hook_logs(app: Flask) -> None:
    """A before_request function that logs the headers is told with handler, logger and line."""
    logger = logging.getLogger("watched.hooks")
    logger.addHandler(logging.StreamHandler())
    logger.setLevel(logging.INFO)

    @app.before_request
    def log_it() -> None:
        logger.info("headers: %s", dict(request.headers))  # logged here

    app.get("/")(lambda: "x")
    try:
        (leak,) = [leak for leak in leaks(app) if not leak.where.startswith("_pytest")]
    finally:
        logger.handlers.clear()
    assert (leak.kind, leak.where, leak.logger) == ("log", "logging.StreamHandler", "watched.hooks")
    assert str(leak.place) == f"{Path(__file__).name}:{line('# logged here')}"


def test_an_exception_that_a_handler_answers(app: Flask) -> None:
    """An exception with the token in its text is told at the line that raised it, and the answer that shows it too."""

    @app.errorhandler(ValueError)
    def answer(error: ValueError) -> ResponseReturnValue:
        return jsonify(error=str(error)), 400

    @app.get("/")
    def view() -> str:
        raise ValueError(f"bad token {sent()}")  # raised here

    @app.get("/refused")
    def refused() -> str:
        abort(401, f"bad token {sent()}")

    found = {leak.kind: leak for leak in leaks(app)}
    assert set(found) == {"exception", "answer"}
    assert found["exception"].where == "the text of a ValueError"
    assert found["exception"].place is not None
    assert found["exception"].place.line == line("# raised here")
    assert {leak.kind for leak in leaks(app, "/refused")} == {"exception", "answer"}


def test_an_exception_that_nobody_answers_is_one_place(app: Flask) -> None:
    """What Flask logs of an exception is told at the line that raised it, not at Flask's own."""
    app.logger.addHandler(logging.StreamHandler())

    @app.get("/")
    def view() -> str:
        raise ValueError(sent())  # fails here

    found = leaks(app)
    assert {leak.kind for leak in found} == {"exception", "log"}
    assert {leak.place.line for leak in found if leak.place} == {line("# fails here")}


def test_caches(app: Flask) -> None:
    """Keys and values of Flask-Caching and of cachelib itself are told apart, a pickled value included."""
    cache = Cache(app, config={"CACHE_TYPE": "SimpleCache"})
    own = SimpleCache()

    @app.get("/key")
    def key() -> str:
        cache.set(f"user-{sent()}", "ada")
        return ""

    @app.get("/value")
    def value() -> str:
        own.set("last", {"caller": {"token": sent()}})
        return ""

    @app.get("/hashed")
    def hashed() -> str:
        cache.set(hashlib.sha256(sent().encode()).hexdigest(), "ada")
        return ""

    assert [(leak.kind, leak.where) for leak in leaks(app, "/key")] == [("cache", "a key of the cache SimpleCache")]
    assert [leak.where for leak in leaks(app, "/value")] == ["a value of the cache SimpleCache"]
    assert [(leak.digest, leak.form) for leak in leaks(app, "/hashed")] == [(True, "sha256 digest")]
    assert own.get("last") == {"caller": {"token": TOKEN}}


def test_redis(app: Flask) -> None:
    """What is given to Redis to keep is heard although no server is there; what is only asked for is not kept."""
    redis = pytest.importorskip("redis")
    client = redis.Redis(port=1)

    @app.get("/<command>")
    def view(command: str) -> str:
        try:
            client.execute_command(command, sent(), "ada")
        except redis.ConnectionError:
            return "no server"
        return ""

    assert [leak.where for leak in leaks(app, "/SET")] == ["a key of the cache Redis"]
    assert leaks(app, "/GET") == []


def test_the_session(app: Flask) -> None:
    """A token in Flask's session is told: the cookie is signed, and readable."""

    @app.get("/")
    def view() -> str:
        session["token"] = sent()
        return ""

    assert {leak.kind: leak.where for leak in leaks(app)} == {
        "session": "the session",
        "answer": "the header Set-Cookie",
    }


def test_output_and_warnings(app: Flask) -> None:
    """What is printed, and what is written to standard error, is told."""

    @app.get("/")
    def view() -> str:
        print("asked with", sent())  # noqa: T201
        sys.stderr.write(sent())
        return ""

    assert [leak.where for leak in leaks(app)] == ["standard output", "standard output"]


def test_rows_by_column(app: Flask) -> None:
    """Rows are told by their column; a statement that only looks for the token, and what reads, is none."""
    rows = sqlite3.connect(":memory:", check_same_thread=False)
    watch = app_watch.Watch()
    with app_watch.databases_watched(watch):
        rows = sqlite3.connect(":memory:", check_same_thread=False)
    rows.execute("CREATE TABLE tokens (id, value, seen)")

    @app.get("/")
    def view() -> str:
        rows.execute("INSERT INTO tokens (id, value) VALUES (?, ?)", (1, sent()))
        rows.execute("UPDATE tokens SET seen = 1 WHERE value = ?", (sent(),))
        rows.execute("SELECT * FROM tokens WHERE value = ?", (sent(),))
        return ""

    call = Request("GET", "https://localhost/", (("Authorization", f"Bearer {TOKEN}"),))
    found = asyncio.run(InProcess(app, watch=watch).send(call)).leaks or ()
    assert [(leak.kind, leak.where) for leak in found] == [("database", "the column tokens.value")]


@pytest.mark.parametrize(
    ("statement", "column"),
    [
        ("INSERT INTO t (a, b) VALUES ('x', 'SECRET0')", "the column t.b"),
        ("INSERT INTO t (a, b) VALUES ('x', 'y'), (lower('(,'), 'SECRET0')", "the column t.b"),
        ('INSERT OR REPLACE INTO "app"."t" ("a") VALUES (\'it\'\'s SECRET0\')', "the column t.a"),
        ("insert into t values ('SECRET0')", ""),
        ("UPDATE t SET a='x', \"b\" = 'SECRET0' WHERE c = 'y'", "the column t.b"),
        ("UPDATE t SET a = 'WHERE', b = 'SECRET0'", "the column t.b"),
    ],
)
def test_columns_are_read_from_statements(statement: str, column: str) -> None:
    """The column that a value goes to is told, an empty text where the statement does not say."""
    assert into(statement, "SECRET0") == column
    assert not compared(statement, "SECRET0")


def test_what_is_compared_is_not_written() -> None:
    """A text that stands in a condition alone is not written; one in a literal that says WHERE is."""
    assert compared("UPDATE t SET a = 'x' WHERE b = 'SECRET0'", "SECRET0")
    assert not compared("UPDATE t SET a = 'say WHERE', b = 'SECRET0'", "SECRET0")


def test_parameters_of_other_databases_are_filled_in() -> None:
    """Named and positional parameters stand in the statement as texts; what does not fit stands behind it."""
    named = filled("INSERT INTO t (a) VALUES (%(a)s::TEXT)", {"a": "it's"})
    assert named == "INSERT INTO t (a) VALUES ('it''s'::TEXT)"
    assert filled("UPDATE t SET a=%s", ("x",)) == "UPDATE t SET a='x'"
    assert "'T'" in filled("UPDATE t SET a=?", ("T",))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (TOKEN, ""),
        (quote(TOKEN, safe=""), "URL-encoded"),
        (json.dumps({"a": TOKEN}), ""),
        (f"{TOKEN}".encode().hex(), "in hexadecimal"),
        *((base64.b64encode(f"{'x' * n}{TOKEN}{'y' * n}".encode()).decode(), "in Base64") for n in range(4)),
        (base64.urlsafe_b64encode(f"Bearer {TOKEN}".encode()).decode(), "in Base64"),
    ],
)
def test_a_token_is_readable_in_every_encoding(text: str, form: str) -> None:
    """An encoded token is as readable as a plain one, wherever in a longer text it stands."""
    found, digest, written = shown(TOKEN, f"before {text} after")
    assert (found, digest) == (form, False)
    assert written


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512", "blake2b"])
def test_a_digest_shows_no_token(name: str) -> None:
    """A digest is recognised, of the token or of the whole header, and is not the token."""
    for whole in (TOKEN, f"Bearer {TOKEN}"):
        digest = hashlib.new(name, whole.encode())
        assert shown(TOKEN, digest.hexdigest())[:2] == (f"{name} digest", True)
        assert shown(TOKEN, base64.b64encode(digest.digest()).decode())[1]
    assert shown(TOKEN, hashlib.sha256(b"another").hexdigest()) == ("", False, "")


def test_an_answer_that_shows_the_token_in_disguise(app: Flask) -> None:
    """Body and headers of an answer are looked at in every encoding; an issued token belongs there."""

    @app.get("/")
    def view() -> ResponseReturnValue:
        hidden = base64.b64encode(sent().encode()).decode()
        return Response(json.dumps({"access_token": "0123456789abcdef0123"}), 401, {"X-Seen": hidden})

    assert [(leak.kind, leak.where, leak.form) for leak in leaks(app)] == [("answer", "the header X-Seen", "in Base64")]


def test_a_token_in_the_body_is_presented(app: Flask) -> None:
    """A token that a request carries in its JSON is looked for like one in a header."""

    @app.get("/")
    def view() -> str:
        print(request.get_json()["refresh_token"])  # noqa: T201
        return ""

    body = b'{"refresh_token": "abcdefgh12345678"}'
    call = Request("GET", "https://localhost/", (("Content-Type", "application/json"),), body)
    found = asyncio.run(InProcess(app).send(call)).leaks or ()
    assert [(leak.kind, leak.issued) for leak in found] == [("output", False)]


def test_too_much_is_not_called_clean(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a request that writes more than is kept nothing is said, unless the token was found in what was kept."""
    monkeypatch.setattr(app_watch, "SIZE_CAP", 1_000)

    @app.get("/late")
    def late() -> str:
        print("x" * 2_000)  # noqa: T201
        print(sent())  # noqa: T201
        return ""

    @app.get("/early")
    def early() -> str:
        print(sent())  # noqa: T201
        print("x" * 2_000)  # noqa: T201
        return ""

    assert asked(app, "/late").leaks is None
    assert [leak.kind for leak in leaks(app, "/early")] == ["output"]


def test_everything_is_put_back(app: Flask) -> None:
    """After a request nothing of the application, its caches and its handlers is replaced any more."""
    handler = logging.StreamHandler()
    app.logger.addHandler(handler)

    def mine(error: Exception) -> Any:
        raise error

    app.handle_user_exception = mine  # type: ignore[method-assign,assignment]
    before = vars(SimpleCache)["set"]
    app.get("/")(lambda: "x")
    asked(app, "/")
    assert "emit" not in vars(handler)
    assert vars(app)["handle_user_exception"] is mine
    assert "save_session" not in vars(app.session_interface)
    assert vars(SimpleCache)["set"] is before
