"""An API on a real server whose tokens live for half a second or so: the scan of it ends as that of any other."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path

from click.testing import CliRunner
from flask import Flask, abort, request

from stopper.cli import main
from tests.cli.test_scan_command import served

LIVES = 0.6
WAITED = 0.01
NAMES = ("me", "orders", "bills", "careless")
SPECIFICATION = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    "security": [{"bearer": []}],
    "paths": {f"/{name}": {"get": {"responses": {"200": {"description": "one"}}}} for name in NAMES},
}
SETTINGS = """
[login]
url = "/login"
json = { user = "ada" }
token = { pointer = "/access_token" }
"""


def shop(logins: list[str]) -> Flask:
    """Return an API that takes a little time; one of its operations takes whatever looks like a token."""
    app = Flask("shop")
    ends: dict[str, float] = {}

    def guarded(name: str) -> dict[str, str]:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        good = len(token) > 20 if name == "careless" else ends.get(token, 0.0) > time.monotonic()
        if scheme.lower() != "bearer" or not good:
            abort(401)
        return {"user": "ada", "of": name}

    @app.before_request
    def wait() -> None:
        time.sleep(WAITED)

    @app.post("/login")
    def login() -> dict[str, str]:
        token = secrets.token_urlsafe(32)
        ends[token] = time.monotonic() + LIVES
        logins.append(token)
        return {"access_token": token}

    for name in NAMES:
        app.add_url_rule(f"/{name}", name, lambda name=name: guarded(name))
    return app


def test_a_scan_of_many_lives_is_whole(tmp_path: Path) -> None:
    """The token is renewed on the way: the one careless operation is found, no other, and nothing is left out."""
    logins: list[str] = []
    specification, settings, report = (tmp_path / name for name in ("openapi.json", "stopper.toml", "report.json"))
    specification.write_text(json.dumps(SPECIFICATION))
    settings.write_text(SETTINGS)
    with served(shop(logins)) as url:
        words = ["scan", url, str(specification), "--config", str(settings), "-o", str(report)]
        result = CliRunner().invoke(main, words)
    told = json.loads(report.read_text())
    assert result.exit_code == 1
    assert not told["incomplete"]
    assert len(logins) > 2
    accepted = {
        each["path"] for finding in told["findings"] if finding["control"] == "BT402" for each in finding["endpoints"]
    }
    assert accepted == {"/careless"}
    assert not {finding["control"] for finding in told["findings"]} & {"BT416", "BT421", "BT422", "BT427", "BT601"}
    assert not [skip for skip in told["skips"] if "budget" in skip["why"] or "prove nothing" in skip["why"]]
    assert not [token for token in logins if token in report.read_text()]
