"""Identities as the settings name them: every kind of login gives a token that the API then takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask, Response, abort, jsonify, request

from stopper.cli import scan
from stopper.cli.settings import load
from stopper.controls import revocation_ineffective
from stopper.io.in_process import InProcess
from stopper.io.login import login, renew, throwaway
from stopper.observe.views import Credential, Request
from stopper.secret import Secret
from tests.cli.test_scan_command import served

BASE = "https://shop.test"
TOKEN = "tok-5f2b9c4de1a7"
REFRESH = "ref-0d93c1e77a52"
PASSWORD = "correct horse"


def shop() -> Flask:
    """Return an API with a login of each kind and a route that takes the token in each of the usual ways."""
    app = Flask(__name__)

    def known(name: str | None, password: str | None) -> None:
        if (name, password) != ("ada", PASSWORD):
            abort(401)

    @app.post("/json")
    def by_json() -> Response:
        body = request.get_json()
        known(body["user"]["name"], body["user"]["password"])
        return jsonify(data={"tokens": [{"access": TOKEN}]}, expires_in=2)

    @app.post("/form")
    def by_form() -> Response:
        known(request.form.get("username"), request.form.get("password"))
        return jsonify(access_token=TOKEN, refresh_token=REFRESH)

    @app.get("/basic")
    def by_basic() -> str:
        given = request.authorization
        known(given.username if given else None, given.password if given else None)
        return TOKEN + "\n"

    @app.get("/text")
    def in_a_page() -> str:
        known(request.args.get("user"), request.headers.get("X-Password"))
        return f"<html><p>Your token: <code>{TOKEN}</code></p></html>"

    @app.post("/bytes")
    def undecoded() -> Response:
        return jsonify(token=str(TOKEN.encode()))

    @app.post("/header")
    def in_a_header() -> tuple[str, int, dict[str, str]]:
        known(request.form.get("username"), request.form.get("password"))
        return "", 204, {"X-Auth-Token": TOKEN}

    @app.post("/cookie")
    def in_a_cookie() -> Response:
        known(request.form.get("username"), request.form.get("password"))
        answer = Response(status=302, headers={"Location": "/"})
        answer.set_cookie("session", TOKEN, httponly=True)
        return answer

    @app.post("/refresh")
    def refresh() -> Response:
        if request.get_json()["refresh_token"] != REFRESH:
            abort(401)
        return jsonify(access_token=TOKEN + "-2")

    @app.get("/me")
    def me() -> dict[str, str]:
        ways = (
            request.headers.get("Authorization") == f"Bearer {TOKEN}",
            request.headers.get("Authorization") == f"Token {TOKEN}",
            request.headers.get("X-Auth-Token") == TOKEN,
            request.headers.get("Cookie") == f"session={TOKEN}",
        )
        if not any(ways):
            abort(401)
        return {"way": str(ways.index(True))}

    return app


USER = 'form = { username = "ada", password = "${SHOP_PASSWORD}" }'
KINDS = {
    "json": (
        'url = "/json"\njson = { user = { name = "ada", password = "${SHOP_PASSWORD}" } }\n'
        'token = { pointer = "/data/tokens/0/access" }',
        "0",
    ),
    "form": (f'url = "/form"\n{USER}', "0"),
    "basic, the text is the token": (
        'method = "GET"\nurl = "/basic"\nbasic = { username = "ada", password = "${SHOP_PASSWORD}" }\n'
        'token = { text = "" }\nscheme = "Token"',
        "1",
    ),
    "GET with a page": (
        'method = "GET"\nurl = "/text?user=ada"\nheaders = { X-Password = "${SHOP_PASSWORD}" }\n'
        "token = { text = '<code>(\\S+)</code>' }",
        "0",
    ),
    "bytes as Python writes them": ('url = "/bytes"\ntoken = { pointer = "/token" }', "0"),
    "own header both ways": (
        f'url = "/header"\n{USER}\ntoken = {{ header = "X-Auth-Token" }}\nheader = "X-Auth-Token"\nscheme = ""',
        "2",
    ),
    "cookie both ways": (
        f'url = "/cookie"\n{USER}\ntoken = {{ cookie = "session" }}\nheader = "Cookie"\nscheme = "session"',
        "3",
    ),
    "cookie, then Bearer": (f'url = "/cookie"\n{USER}\ntoken = {{ cookie = "session" }}', "0"),
    "at hand": ('token = { value = "${SHOP_TOKEN}" }', "0"),
}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put password and token into the environment, as a user would."""
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_login_lets_in(tmp_path: Path, kind: str) -> None:
    """The token of each kind of login is found, presented as the API wants it, and taken."""
    text, way = KINDS[kind]
    (tmp_path / "stopper.toml").write_text(f"[login]\n{text}\n")
    (flow,) = load(None, [tmp_path]).logins
    transport = InProcess(shop())
    made = await login(transport, BASE, flow)
    assert isinstance(made, Credential), made
    answer = await transport.send(Request("GET", f"{BASE}/me", made.headers()))
    assert answer.response and answer.response.status == 200
    assert answer.response.text.strip() == f'{{"way":"{way}"}}'
    assert made.disposable == (kind != "at hand")
    assert PASSWORD not in repr(flow) and TOKEN not in repr(flow)


async def test_the_lifetime_beside_a_nested_token(tmp_path: Path) -> None:
    """`expires_in` is read where the answer has it at its top, although the token stands deeper."""
    (tmp_path / "stopper.toml").write_text(f"[login]\n{KINDS['json'][0]}\n")
    (flow,) = load(None, [tmp_path]).logins
    made = await login(InProcess(shop()), BASE, flow)
    assert isinstance(made, Credential) and made.lifetime == 2


async def test_a_token_is_renewed_as_the_user_says(tmp_path: Path) -> None:
    """The refresh operation gives the next access token; the refresh token stays where none comes with it."""
    operation = '[login.refresh]\nurl = "/refresh"\njson = { refresh_token = "${refresh_token}" }\nbearer = "none"\n'
    (tmp_path / "stopper.toml").write_text(f'[login]\nurl = "/form"\n{USER}\n{operation}')
    (flow,) = load(None, [tmp_path]).logins
    transport = InProcess(shop())
    made = await login(transport, BASE, flow)
    assert isinstance(made, Credential)
    again = await renew(transport, BASE, flow, made)
    assert isinstance(again, Credential)
    assert again.token == Secret(TOKEN + "-2")
    assert again.siblings == made.siblings == (("refresh_token", Secret(REFRESH)),)


LOGINS = {
    "form": USER,
    "json": 'json = { user = "ada", secrets = { password = "${SHOP_PASSWORD}" } }',
    "basic": 'basic = { username = "ada", password = "${SHOP_PASSWORD}" }',
    "body": 'body = "ada ${SHOP_PASSWORD}"',
}


@pytest.mark.parametrize("kind", LOGINS)
def test_wrong_passwords(tmp_path: Path, kind: str) -> None:
    """A wrong login differs from the right one in the password alone, and from the one before it too."""
    (tmp_path / "stopper.toml").write_text(f'[login]\nurl = "/l"\nthrowaway = true\ntries = 7\n{LOGINS[kind]}\n')
    (flow,) = load(None, [tmp_path]).logins
    given = throwaway(flow, BASE, lambda _: None)
    assert given.tries == 7
    assert given.wrong
    first, second, right = given.wrong(), given.wrong(), given.login
    shown = {(each.body, each.header("Authorization")) for each in (first, second, right)}
    assert len(shown) == 3
    assert (first.method, first.url) == (right.method, right.url)
    assert PASSWORD.encode() not in (first.body or b"")
    assert kind == "basic" or b"ada" in (first.body or b"")


def test_a_login_without_a_password_has_no_wrong_one(tmp_path: Path) -> None:
    """Where nothing in a login is called a password there is nothing to be wrong."""
    (tmp_path / "stopper.toml").write_text('[login]\nurl = "/l"\nthrowaway = true\nform = { code = "7" }\n')
    (flow,) = load(None, [tmp_path]).logins
    assert flow.wrong is None


# --------------------------------------------------------------------------- a whole scan

PAGE = Path(__file__).parents[2] / "docs" / "scanning.md"


def blocks(kind: str) -> list[str]:
    """Return the page's blocks of code of a language."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def test_the_settings_of_the_page_can_be_read(tmp_path: Path) -> None:
    """Every settings file that the page shows is one, and the rows of its table too."""
    rows = re.findall(r"`(token = \{.*?\})`", PAGE.read_text())
    assert len(rows) >= 6
    tables = [f"[login]\n{row}\n" + ("" if "value" in row else "url = '/l'\n") for row in rows]
    for text in (*blocks("toml"), *tables):
        (tmp_path / "stopper.toml").write_text(text)
        assert load(None, [tmp_path]).tables


def test_a_scan_spends_what_may_be_spent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's example: only the throw-away identity is logged out, tried and ended, and the page says what is said.

    Waiting for the grace of seven seconds is left out, and that number in the page's words.
    """
    monkeypatch.setattr(revocation_ineffective, "GRACE", (0.0, 0.1))
    (tmp_path / "stopper.toml").write_text(blocks("toml")[-1])
    shop: dict[str, Any] = {"__name__": "page"}
    exec(compile(blocks("python")[-1], str(PAGE), "exec"), shop)
    asked: list[tuple[str, str]] = []
    tried: list[str] = []

    def heard() -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        asked.append((shop["owners"].get(token, ""), request.path))
        if request.path == "/login" and request.get_json()["password"] not in shop["PASSWORDS"].values():
            tried.append(request.get_json()["user"])

    shop["app"].before_request(heard)
    with served(shop["app"]) as url:
        words = [url, "--config", str(tmp_path / "stopper.toml"), "--format", "json", "--guess-seconds", "0"]
        done = CliRunner().invoke(scan.command, words)
    report = json.loads(done.stdout)
    assert not report["incomplete"], report["incomplete"]
    assert tried == ["bin"] * 6
    assert shop["disabled"] == {"bin"}
    assert {name for name, path in asked if path == "/logout"} == {"bin"}
    assert {name for name, path in asked if path.endswith("/disable")} == {"boss"}
    said = (done.stdout + done.stderr).replace(url, "http://127.0.0.1:5000")
    for line in blocks("text")[-1].strip().splitlines():
        assert line.replace("7 seconds", "0.1 seconds") in said
    assert not [password for password in shop["PASSWORDS"].values() if password in done.stdout + done.stderr]
