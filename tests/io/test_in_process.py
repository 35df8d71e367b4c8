"""An application in this process, asked as the child process asks one."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import pytest
from flask import Flask, g

from stopper.io.child import ChildError
from stopper.io.in_process import InProcess, handlers_set_aside, made
from stopper.observe.views import Exchange, Request


def asked(app: Flask, path: str) -> Exchange:
    """Return the answer to one request."""
    return asyncio.run(InProcess(app).send(Request("GET", f"https://localhost{path}")))


def test_no_request_sees_what_another_left() -> None:
    """A context that a test pushed does not let one request in on the user that another one kept in `g`."""
    app = Flask(__name__)

    @app.get("/in")
    def log_in() -> str:
        g.user = "ada"
        return "in"

    @app.get("/me")
    def me() -> str:
        return str(g.get("user", "nobody"))

    with app.app_context():
        asked(app, "/in")
        answer = asked(app, "/me").response
        assert g.get("user") is None
    assert answer is not None
    assert answer.body == b"nobody"


def test_what_goes_wrong_is_an_error_of_the_exchange() -> None:
    """An exception that Flask lets through, an exit, and a request that nobody could send raise nothing here."""
    app = Flask(__name__)
    app.testing = True

    @app.get("/fault")
    def fault() -> str:
        raise RuntimeError("secret words")

    @app.get("/exit")
    def leave() -> str:
        sys.exit(3)

    assert asked(app, "/fault").error == "exception: RuntimeError"
    assert asked(app, "/exit").error == "exception: SystemExit"
    assert asyncio.run(InProcess(app).send(Request("GET", "gopher://localhost"))).error == "malformed request"


def test_places_are_relative_to_the_root() -> None:
    """The snapshot tells views by their file below the root, and keys by their fingerprint alone."""
    app = Flask(__name__)
    app.secret_key = "the key of this test, which is long enough"
    app.get("/")(asked)
    application = InProcess(app, Path(__file__).parent, "tests:app")
    seen, keys = asyncio.run(application.snapshot()), asyncio.run(application.keys())
    assert {route.view.uri for route in seen.routes if route.endpoint.path == "/"} == {Path(__file__).name}
    assert app.secret_key in {key.reveal() for key in keys}
    assert "the key of this test" not in repr((seen, keys))


def test_an_application_is_imported_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`module:app` and `module:factory` are made; what cannot be is one line without the exception's text."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    good = "from flask import Flask\ndef create():\n    return Flask('x')\n"
    text = f"{good}def bad():\n    raise ValueError('secret words')\n"
    (tmp_path / "shop_of_this_test.py").write_text(text)
    assert isinstance(made("shop_of_this_test:create()", tmp_path), Flask)
    with pytest.raises(ChildError, match="raised ValueError when called") as failed:
        made("shop_of_this_test:bad", tmp_path)
    assert "secret words" not in str(failed.value)
    with pytest.raises(ChildError, match="has no 'crate': did you mean 'create'"):
        made("shop_of_this_test:crate", tmp_path)


def test_handlers_come_back() -> None:
    """The chosen handlers are away while the context lasts, the others stay, and the order is as before."""
    logger = logging.getLogger("stopper.tests.in_process")
    first, second = logging.NullHandler(), logging.NullHandler()
    logger.handlers[:] = [first, second]
    with pytest.raises(RuntimeError), handlers_set_aside(lambda handler: handler is first):
        assert logger.handlers == [second]
        raise RuntimeError
    assert logger.handlers == [first, second]
    logger.handlers.clear()
