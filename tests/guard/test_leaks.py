"""No credential of a request reaches a log, in whatever form and by whichever way, and harmless lines stay as they are.

A guarded application handles real requests; within them every form is logged of the credential that the request
carries and of the token that it issues. What was written is searched as an attacker would: in the text, in all that can
be decoded from it, for any stretch of twelve characters of a credential.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import copy
import html
import io
import json
import logging
import logging.handlers
import pprint
import queue
import re
import secrets
import threading
import traceback
import urllib.parse
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog
from flask import Flask, current_app, request, stream_with_context
from werkzeug.serving import make_server

from stopper.guard import Guard
from stopper.guard.redact import structlog_processor
from tests.guard.servers import gunicorn

STRETCH = 12
"""Characters of a credential in a row that count as a leak."""

Way = Callable[[logging.Logger, str], object]


# --------------------------------------------------------------------------- what counts as a leak


def decodings(text: str) -> Iterator[str]:
    """Yield a text and all that its parts may be the encoding of."""
    yield text
    yield urllib.parse.unquote(urllib.parse.unquote(text))
    yield urllib.parse.unquote_plus(text)
    yield html.unescape(text)
    yield text.replace("\\", "")
    for run in re.findall(r"[0-9a-fA-F]{16,}", text):
        with contextlib.suppress(ValueError):
            yield bytes.fromhex(run[: len(run) // 2 * 2]).decode("latin-1")
    for run in re.findall(r"[A-Za-z0-9+/_-]{12,}", urllib.parse.unquote(text).replace("\\n", "").replace("\n", "")):
        for start in range(4):
            part = run[start:].replace("-", "+").replace("_", "/")
            with contextlib.suppress(binascii.Error):
                yield base64.b64decode(part[: len(part) // 4 * 4]).decode("latin-1")


def leaked(text: str, value: str) -> str:
    """Return a stretch of a credential that can be read from a text, empty if there is none."""
    stretches = {value[at : at + STRETCH] for at in range(len(value) - STRETCH + 1)}
    for decoded in decodings(text):
        for stretch in stretches:
            if stretch in decoded:
                return stretch
    return ""


@pytest.mark.parametrize(
    "shown",
    [
        lambda value: f"x {value} y",
        lambda value: value[5:20],
        lambda value: urllib.parse.quote(value, safe=""),
        lambda value: base64.b64encode(f"user:{value}".encode()).decode(),
        lambda value: base64.urlsafe_b64encode(f"ab{value}".encode()).decode(),
        lambda value: value.encode().hex(),
        lambda value: json.dumps(json.dumps(value)),
    ],
)
def test_the_search_finds_what_is_there(shown: Callable[[str], str]) -> None:
    """The search would find a leak: it finds each of these encodings, and nothing in a text without the value."""
    value = "kQ3+" + secrets.token_urlsafe(24) + "/x="
    assert leaked(f"line {shown(value)} end", value)
    assert not leaked(f"line {shown(secrets.token_urlsafe(30))} end", value)


# --------------------------------------------------------------------------- ways into a log


@dataclass
class Session:
    """An object whose repr shows what it holds."""

    user: str
    credential: str


class Grant(NamedTuple):
    """A tuple with names."""

    credential: str
    scope: str


class StubbornError(Exception):
    """An exception that shows an attribute of its own."""

    def __init__(self, value: str) -> None:
        super().__init__("refused")
        self.value = value

    def __str__(self) -> str:
        return f"refused {self.value}"


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Return an exception as it is after it was raised, from a cause or in the handling of one."""
    try:
        try:
            if cause is not None:
                raise cause
        finally:
            raise error
    except BaseException as caught:
        return caught


def caused(value: str) -> BaseException:
    """Return an exception raised from another one that holds the value."""
    try:
        raise RuntimeError("outer") from raised(KeyError(value))
    except RuntimeError as caught:
        return caught


def noted(value: str) -> BaseException:
    """Return an exception with a note."""
    error = raised(ValueError("refused"))
    error.add_note(f"the caller sent {value}")
    return error


def grouped(value: str) -> BaseException:
    """Return a group with an exception that holds the value."""
    return raised(ExceptionGroup("several", [ValueError("a"), LookupError(value)]))


def captured_warning(log: logging.Logger, value: str) -> None:
    """Issue a warning that goes to the log."""
    logging.captureWarnings(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn(f"old credential {value}", DeprecationWarning, stacklevel=1)
    finally:
        logging.captureWarnings(False)


def in_a_copied_context(log: logging.Logger, value: str) -> None:
    """Log from another thread that runs in a copy of this request's context."""
    import contextvars

    thread = threading.Thread(target=contextvars.copy_context().run, args=(log.info, "from a thread %s", value))
    thread.start()
    thread.join()


def base64_of(text: str) -> str:
    """Return the usual base64 of a text."""
    return base64.b64encode(text.encode()).decode()


WAYS: dict[str, Way] = {
    "message": lambda log, value: log.info("token " + value),
    "message only": lambda log, value: log.info(value),
    "f-string of a header": lambda log, value: log.info(f"Authorization: Bearer {value}"),
    "f-string, lower case": lambda log, value: log.info(f"got authorization=bearer {value}!"),
    "argument": lambda log, value: log.info("token %s", value),
    "argument, repr": lambda log, value: log.info("token %r", value),
    "argument, ascii": lambda log, value: log.info("token %a", value),
    "argument, padded": lambda log, value: log.info("[%120s]", value),
    "arguments, tuple": lambda log, value: log.info("%s %s %d", "a", ("b", value), 3),
    "arguments, dict": lambda log, value: log.info("%(who)s %(what)s", {"who": "a", "what": value}),
    "argument, nested": lambda log, value: log.info("%s", {"a": [{"b": (value,)}]}),
    "argument, set": lambda log, value: log.info("%s", {value}),
    "argument, bytes": lambda log, value: log.info("%s", value.encode()),
    "argument, bytearray": lambda log, value: log.info("%s", bytearray(value.encode())),
    "object as message": lambda log, value: log.info(Session("alice", value)),
    "object": lambda log, value: log.info("%s", Session("alice", value)),
    "named tuple": lambda log, value: log.info("%s", Grant(value, "read")),
    "pretty print": lambda log, value: log.info(pprint.pformat({"one": value, "two": [value] * 3})),
    "extra": lambda log, value: log.info("extra", extra={"shown": value}),
    "extra, nested": lambda log, value: log.info("extra", extra={"shown": {"deep": [value]}}),
    "adapter": lambda log, value: logging.LoggerAdapter(log, {"shown": value}).info("adapted"),
    "exception": lambda log, value: log.info("failed", exc_info=raised(ValueError(value))),
    "exception, own str": lambda log, value: log.info("failed", exc_info=raised(StubbornError(value))),
    "exception, context": lambda log, value: log.info("failed", exc_info=raised(OSError("b"), ValueError(value))),
    "exception, cause": lambda log, value: log.info("failed", exc_info=caused(value)),
    "exception, note": lambda log, value: log.info("failed", exc_info=noted(value)),
    "exception, group": lambda log, value: log.info("failed", exc_info=grouped(value)),
    "exception as argument": lambda log, value: log.info("failed: %s", ValueError(value)),
    "exception, repr": lambda log, value: log.info("failed: %r", ValueError(value)),
    "formatted traceback": lambda log, value: log.info("".join(traceback.format_exception(raised(KeyError(value))))),
    "stack": lambda log, value: log.info("stack %s", value, stack_info=True),
    "child logger": lambda log, value: log.getChild("a.b.c").warning("child %s", value),
    "root logger": lambda log, value: logging.getLogger().error("root %s", value),
    "application's logger": lambda log, value: current_app.logger.error("app %s", value),
    "own level": lambda log, value: log.log(25, "level %s", value),
    "captured warning": captured_warning,
    "thread with this context": in_a_copied_context,
    "query string": lambda log, value: log.info("GET /cb?a=1&access_token=%s&b=2", urllib.parse.quote(value, safe="")),
    "query string, other name": lambda log, value: log.info("GET /cb?%s", urllib.parse.urlencode({"q": value})),
    "URL-encoded": lambda log, value: log.info(urllib.parse.quote(value, safe="")),
    "URL-encoded, lower case": lambda log, value: log.info(re.sub("%..", _lower, urllib.parse.quote(value, safe=""))),
    "URL-encoded, plus": lambda log, value: log.info(urllib.parse.quote_plus(value)),
    "URL-encoded with its scheme": lambda log, value: log.info(urllib.parse.quote_plus(f"Bearer {value}")),
    "base64": lambda log, value: log.info(base64_of(value)),
    "base64, one before": lambda log, value: log.info(base64_of(f":{value}")),
    "base64, two before": lambda log, value: log.info(base64_of(f"u:{value}")),
    "base64, with its scheme": lambda log, value: log.info(base64_of(f"Bearer {value}")),
    "base64, URL-safe": lambda log, value: log.info(base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")),
    "base64 of JSON": lambda log, value: log.info(base64_of(json.dumps({"t": value}))),
    "base64 of bytes": lambda log, value: log.info("%s", base64.b64encode(value.encode())),
    "Basic": lambda log, value: log.info("Authorization: Basic %s", base64_of(f"alice:{value}")),
    "hexadecimal": lambda log, value: log.info(value.encode().hex()),
    "JSON": lambda log, value: log.info(json.dumps({"credential": value, "n": 1})),
    "JSON in JSON": lambda log, value: log.info(json.dumps({"body": json.dumps({"t": value})})),
    "JSON, slashes escaped": lambda log, value: log.info(json.dumps(value).replace("/", "\\/")),
    "HTML": lambda log, value: log.info("<td>%s</td>", html.escape(value)),
    "XML": lambda log, value: log.info('<saml:Assertion token="%s"/>', html.escape(value)),
    "command line": lambda log, value: log.info("curl -H 'Authorization: Bearer %s' https://shop.test", value),
    "cookie": lambda log, value: log.info("Set-Cookie: sid=%s; Path=/; HttpOnly", value),
    "CSV": lambda log, value: log.info('alice,"%s",read', value),
    "key and value": lambda log, value: log.info("user=alice tok=%s status=200", value),
    "glued to words": lambda log, value: log.info(f"<{value}>{value}|{value},{value}"),
    "header dump": lambda log, value: log.info("%s", {"Authorization": f"Bearer {value}", "Host": "x"}),
    "header list": lambda log, value: log.info("%s", [("Host", "x"), ("Authorization", f"Bearer {value}")]),
    "this request's headers": lambda log, value: log.info("%s %r", request.headers, dict(request.headers)),
    "this request's environment": lambda log, value: log.info("%s", request.environ),
    "this request's authorization": lambda log, value: log.info("%s %r", request.authorization, request.authorization),
    "structlog": lambda log, value: structured(log).info(
        "call", headers={"A": [value]}, token=value, n=1, v=value.encode()
    ),
    "structlog, exception": lambda log, value: structured(log).error("failed", exc_info=raised(ValueError(value))),
}


def _lower(found: re.Match[str]) -> str:
    return found[0].lower()


def structured(log: logging.Logger) -> Any:
    """Return a structlog logger that writes JSON into the same log through the guard's processor."""
    return structlog.wrap_logger(
        copy.copy(log),
        processors=[
            structlog.processors.format_exc_info,
            structlog_processor,
            structlog.processors.JSONRenderer(default=repr),
        ],
    )


# --------------------------------------------------------------------------- the application


class Caught:
    """All that the handlers of a logger and of the root logger write."""

    def __init__(self, logger: logging.Logger) -> None:
        self.written = io.StringIO()
        self.logger = logger
        self._handler = logging.StreamHandler(self.written)
        format_ = "%(levelname)s %(name)s %(message)s %(shown)s"
        self._handler.setFormatter(logging.Formatter(format_, defaults={"shown": ""}))

    def __enter__(self) -> Caught:
        logging.getLogger().addHandler(self._handler)
        self.logger.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *error: object) -> None:
        logging.getLogger().removeHandler(self._handler)

    @property
    def text(self) -> str:
        """What was written."""
        return self.written.getvalue()


@pytest.fixture(params=["opaque", "jwt"])
def token_format(request: pytest.FixtureRequest) -> Any:
    """Return the format of the application's own tokens."""
    return request.param


@pytest.fixture
def app(token_format: str, tmp_path: Path) -> Flask:
    """Return a guarded application, with each format of tokens, whose view does what the test wants done."""
    app = Flask("shop", instance_path=str(tmp_path))
    if token_format == "jwt":
        app.config.update(STOPPER_TOKEN_FORMAT="jwt", STOPPER_ISSUER="https://shop.test")
    guard = Guard(app)
    app.config["GUARD"] = guard

    @app.post("/login")
    @guard.public
    def login() -> Any:
        return guard.issue("alice", ("read",))

    @app.get("/own")
    @guard.require("read")
    def own() -> Any:
        return app.config["DO"](request.headers["Authorization"].partition(" ")[2])

    @app.get("/open")
    @guard.public
    def open_() -> Any:
        return app.config["DO"](request.headers["Authorization"].partition(" ")[2])

    @app.get("/new")
    @guard.public
    def new() -> Any:
        return app.config["DO"](guard.issue("alice")["access_token"])

    return app


FORMLESS = "kQ3+8fKq2Zr7/LwXn4Tb~VcYp9.s0Xh5Jd=="
"""A credential of a foreign kind: no prefix, no checksum, with all the characters that encodings change."""


def call(app: Flask, credential: str, do: Callable[[str], Any]) -> str:
    """Let the view handle one request with, or that issues, a credential; return that credential."""
    seen: list[str] = []

    def noted_down(value: str) -> Any:
        seen.append(value)
        return do(value) or "done"

    app.config["DO"] = noted_down
    client = app.test_client()
    if credential == "presented":
        token = client.post("/login").get_json()["access_token"]
        answer = client.get("/own", headers={"Authorization": f"Bearer {token}"})
    elif credential == "foreign":
        answer = client.get("/open", headers={"Authorization": f"Bearer {FORMLESS}"})
    else:
        answer = client.get("/new")
    assert answer.status_code == 200
    return seen[0]


@pytest.mark.parametrize("credential", ["presented", "issued", "foreign"])
@pytest.mark.parametrize("way", WAYS)
def test_no_form_of_a_credential_leaks(app: Flask, way: str, credential: str) -> None:
    """L01 L13, faults 85 and 86: logged in a request in any form, what it carries or issues is not in the log."""
    log = logging.getLogger("shop.leaks")

    def log_it(value: str) -> None:
        WAYS[way](log, value)

    with Caught(log) as caught:
        value = call(app, credential, log_it)
    assert "[redacted " in caught.text or way.startswith("this request's")
    assert not leaked(caught.text, value)


class Bare(logging.Handler):
    """A handler that no redaction reaches: it takes the record before it is handled."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.formatter = logging.Formatter("%(message)s %(shown)s", defaults={"shown": ""})

    def handle(self, record: logging.LogRecord) -> bool:
        unseen = logging.makeLogRecord({**vars(record), "exc_text": None})  # which other handlers leave cleaned
        self.text += self.format(unseen)
        return True


@pytest.mark.parametrize("way", WAYS)
def test_without_redaction_every_form_leaks(app: Flask, way: str) -> None:
    """There are at least forty forms, and each leaks into a handler that the guard's redaction does not reach."""
    assert len(WAYS) >= 40
    bare = Bare()
    log = logging.getLogger("shop.leaks")
    log.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(bare)
    try:
        environ = {"headers": {"Authorization": f"Bearer {FORMLESS}"}}
        with app.test_request_context("/", **environ), pytest.MonkeyPatch.context() as patch:
            patch.setattr("tests.guard.test_leaks.structlog_processor", lambda logger, method, event: event)
            WAYS[way](log, FORMLESS)
    finally:
        logging.getLogger().removeHandler(bare)
    assert leaked(bare.text, FORMLESS)


# --------------------------------------------------------------------------- ways out of a log


class Remembering(logging.Handler):
    """A handler that writes by itself, without a formatter."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def test_handlers_of_every_kind(app: Flask, tmp_path: Path) -> None:
    """L01, fault 85: files, memory, queues and handlers that are added in the middle of a request are all covered."""
    log = logging.getLogger("shop.leaks.handlers")
    log.setLevel(logging.DEBUG)
    target, late, behind_queue = Remembering(), Remembering(), Remembering()
    waiting: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener = logging.handlers.QueueListener(waiting, behind_queue)
    rotating = logging.handlers.RotatingFileHandler(tmp_path / "shop.log", maxBytes=10_000)
    memory = logging.handlers.MemoryHandler(100, target=target)
    log.handlers = [logging.handlers.QueueHandler(waiting), rotating, memory]
    listener.start()

    def log_it(value: str) -> None:
        log.info("one %s", value, exc_info=raised(ValueError(value)))
        log.addHandler(late)
        log.info("two %s", value)

    try:
        value = call(app, "foreign", log_it)
        memory.flush()
    finally:
        listener.stop()
        log.handlers = []
        rotating.close()
    for lines in (target.lines, behind_queue.lines, late.lines, [(tmp_path / "shop.log").read_text()]):
        assert lines
        assert not leaked("\n".join(lines), value)


def test_formatters_of_every_style(app: Flask) -> None:
    """L01: `{`- and `$`-styles, JSON formatters and formatters that show all of a record are covered."""

    class Everything(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            super().format(record)
            return json.dumps(vars(record), default=repr)

    formatters = (logging.Formatter("{message}", style="{"), logging.Formatter("${message}", style="$"), Everything())
    log = logging.getLogger("shop.leaks.formatters")
    log.setLevel(logging.DEBUG)
    handlers = [Remembering() for _ in formatters]
    for handler, formatter in zip(handlers, formatters, strict=True):
        handler.setFormatter(formatter)
    log.handlers = list(handlers)
    value = call(
        app, "foreign", lambda value: log.info("%s", value, extra={"own": [value]}, exc_info=raised(KeyError(value)))
    )
    log.handlers = []
    for handler in handlers:
        assert not leaked("".join(handler.lines), value)


@pytest.mark.parametrize("credential", ["presented", "issued", "foreign"])
def test_an_unhandled_error_of_a_view(app: Flask, credential: str) -> None:
    """L01 L07: the traceback that Flask logs for an error that nobody handles holds no credential."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    seen: list[str] = []

    def fail(value: str) -> None:
        seen.append(value)
        raise RuntimeError(f"cannot look {value} up")

    with Caught(logging.getLogger("shop")) as caught, contextlib.suppress(AssertionError):
        call(app, credential, fail)
    assert "cannot look" in caught.text
    assert not leaked(caught.text, seen[0])


def test_a_line_that_is_written_while_the_answer_streams(app: Flask) -> None:
    """L01: a generator that logs after the view has returned is covered."""
    log = logging.getLogger("shop.leaks")

    def stream(value: str) -> Any:
        def body() -> Iterator[str]:
            log.info("streaming %s", value)
            yield "done"

        return current_app.response_class(stream_with_context(body()))

    with Caught(log) as caught:
        value = call(app, "foreign", stream)
    assert "streaming" in caught.text
    assert not leaked(caught.text, value)


def test_werkzeug_s_access_line(app: Flask, tmp_path: Path) -> None:
    """L13: the line that Werkzeug's own server writes for a request with a token in its URL holds none."""
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    token = app.test_client().post("/login").get_json()["access_token"]
    try:
        with Caught(logging.getLogger("werkzeug")) as caught:
            _get(server.port, f"/open?access_token={token}&q={urllib.parse.quote(FORMLESS, safe='')}", FORMLESS)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert "GET /open?access_token=[redacted " in caught.text
    assert not leaked(caught.text, token)
    assert not leaked(caught.text, FORMLESS)


def _get(port: int, path: str, credential: str) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Authorization": f"Bearer {credential}"})
    connection.getresponse().read()
    connection.close()


APPLICATION = """
import os
from flask import Flask
from stopper.guard import Guard
app = Flask("shop", instance_path=os.environ["INSTANCE"])
app.config["STOPPER_DEV_HTTP"] = True
guard = Guard(app)

@app.get("/open")
@guard.public
def open_():
    app.logger.error("opened")
    raise RuntimeError("a fault")
"""


def test_gunicorn_s_access_line_and_error_log(tmp_path: Path) -> None:
    """L13: gunicorn's access line, with query and Authorization header in it, and its error log hold no token."""
    line = '%(r)s %({authorization}i)s "%(q)s" %(s)s'
    token = "stop_" + "a" * 20
    with gunicorn(tmp_path / "s", APPLICATION, "--access-logfile", "-", "--access-logformat", line) as server:
        path = f"/open?access_token={token}Zz9&q={urllib.parse.quote(FORMLESS, safe='')}"
        assert server.ask(path, {"Authorization": f"Bearer {FORMLESS}"}).status == 500
    text = server.log.read_text()
    assert "GET /open?access_token=[redacted " in text
    assert not leaked(text, FORMLESS)
    assert not leaked(text, f"{token}Zz9")


# --------------------------------------------------------------------------- what must stay as it is

HARMLESS = """
GET /orders/17 200 in 12 ms
token expired for user alice
the bearer token is missing
Bearer authentication is required
basic authentication is disabled
Basic plan: 10 users
password reset mail sent to bob@shop.test
user changed their password
invalid password for alice
secret santa list saved
POST /token 401
POST /oauth/token/refresh 200
GET /.well-known/jwks.json 200
grant_type=client_credentials scope=read
{"token_type": "Bearer", "expires_in": 3600, "scope": "read write"}
{"error": "invalid_token", "error_description": "The access token is not valid."}
WWW-Authenticate: Bearer realm="api", error="invalid_token"
request 6f1c2a54-3b1f-4c62-9a53-0e6d5b7c1f10 done
deployed 3f786850e387550fdab836ed7e6dc881de23001b
sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
max_tokens=4096 temperature=0.7
used 1532 tokens, 88 of them for the completion
tokenizer bert-base-uncased loaded
page_token=eyJvZmZzZXQiOjEwMH0
next_token=AAAAAGxvbmcgbGlzdA
csrf check passed
SELECT id, token_id, expires_at FROM stopper_tokens WHERE subject = ?
2026-11-23T15:47:02.114Z INFO started in 0.8 s
192.0.2.7 - - [23/Nov/2026:15:47:02 +0000] "GET /me HTTP/1.1" 200 31
[2001:db8::1]:443 connected
public_key=MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFwnU0eX8j4
-----BEGIN PUBLIC KEY-----
keyboard=qwerty monkey=banana
author=Jane Doe, secretary of the board
passport checked at the gate
authorization: required for /admin
session started, session ended
cookie consent stored
Traceback (most recent call last):
  File "shop/tokens.py", line 12, in issue_token
KeyError: 'password'
ValueError: token must not be empty
from shop.auth import verify_token, hash_password
def login(username: str, password: str) -> Token:
token=None secret=None password=***
api_key is not set, using anonymous access
rotating key ring: 3 keys, the newest signs
data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ
/static/js/main.4e1243bd22c66e76c2ba9eddc1f91394e57f9f83.js
https://shop.test/orders?page=2&sort=created_at
alice logged in from Berlin, device Pixel 9
ETag: "33a64df551425fcc55e4d42a148795d9f25f89d4"
Content-Type: application/x-www-form-urlencoded
fields: ["user", "password", "username", "token", "created_at"]
x-request-id: 01JDK3V8Q6ZC7Y2T4M5N9PABCD
s3://bucket/backups/2026-11-23/tokens.sql.gz
kid=a1b2c3d4e5f60718 alg=EdDSA typ=at+jwt
""".strip("\n").splitlines()


@pytest.mark.parametrize("line", HARMLESS)
def test_a_harmless_line_stays_as_it_is(app: Flask, line: str) -> None:
    """L01: a line without a credential, logged in a request with one, is written as it is."""
    log = logging.getLogger("shop.harmless")
    with Caught(log) as caught:
        call(app, "foreign", lambda value: log.info("%s", line))
    assert f"INFO shop.harmless {line} \n" in caught.text


def test_the_harmless_lines_are_forty() -> None:
    """There are at least forty of them, all different."""
    assert len(set(HARMLESS)) >= 40
