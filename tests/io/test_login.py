"""Logging in over a transport: the child process that holds a small application with several kinds of login."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from stopper.io.child import AppChild
from stopper.io.login import LoginFailed, LoginFlow, login, resolve
from stopper.observe.views import Credential, Exchange, Request
from stopper.secret import Secret

BASE = "https://localhost"
TOKEN = "tok-5f2b9c4de1a7"
APP = f"""
from flask import Flask, jsonify, redirect, request
app = Flask(__name__)
TOKEN = "{TOKEN}"

@app.post("/v1/login")
def body():
    if request.get_json()["password"] != "swordfish":
        return jsonify(error="wrong", near=TOKEN), 401
    return jsonify(data=[{{"access/token": TOKEN, "number": 7, "empty": "", "lines": "a\\nb"}}])

@app.post("/header")
def header():
    return "", 204, {{"X-Auth": "Bearer " + TOKEN}}

@app.post("/cookie")
def cookie():
    answer = redirect("/")
    answer.set_cookie("session", "old")
    answer.set_cookie("session", TOKEN, secure=True)
    return answer

@app.post("/page")
def page():
    return "<html>" + TOKEN

@app.post("/jwt")
def jwt():
    return jsonify(access_token="eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2ln")
@app.post("/pair")
def pair():
    return jsonify(access_token=TOKEN, token=TOKEN + "-copy", refresh_token="refresh-8c1d2e3f4a5b", expires_in=600)
"""


@pytest_asyncio.fixture
async def child(tmp_path: Path) -> AsyncIterator[AppChild]:
    """Give the application in its child process."""
    (tmp_path / "shop.py").write_text(APP)
    async with AppChild("shop:app", cwd=tmp_path) as running:
        yield running


def flow(path: str, **fields: Any) -> LoginFlow:
    """Return a login flow with a JSON body that the application accepts."""
    given = {"headers": (("Content-Type", "application/json"),), "body": b'{"password": "swordfish"}', **fields}
    return LoginFlow(path, **given)


async def test_the_token_is_found_wherever_it_stands(child: AppChild) -> None:
    """A JSON pointer with escapes, a header with its scheme, the last cookie of a redirect: each gives the token."""
    flows = (
        flow("/login", name="/data/0/access~1token"),
        flow("/header", place="header", name="x-auth"),
        flow("/cookie", place="cookie", name="session", header="X-Token", scheme=""),
    )
    made = [await login(child, base, each) for base, each in zip((BASE + "/v1/", BASE, BASE), flows, strict=True)]
    assert made == [
        Credential(Secret(TOKEN), disposable=True),
        Credential(Secret(TOKEN), disposable=True),
        Credential(Secret(TOKEN), header="X-Token", scheme="", disposable=True),
    ]


async def test_tokens_of_another_kind_come_along(child: AppChild) -> None:
    """A refresh token in the answer is known beside the access token; a second access token is not of another kind."""
    made = await login(child, BASE, flow("/pair", name="/access_token"))
    assert isinstance(made, Credential)
    assert made.siblings == (("refresh_token", Secret("refresh-8c1d2e3f4a5b")),)
    assert made.lifetime == 600
    assert "refresh-8c1d2e3f4a5b" not in repr(made)


async def test_a_jwt_is_taken_apart(child: AppChild) -> None:
    """A credential that is a JWT knows its claims."""
    made = await login(child, BASE, flow("/jwt"))
    assert isinstance(made, Credential)
    assert made.jwt is not None
    assert made.jwt.claims == {"sub": "ada"}


FAILURES = {
    "refused": (flow("/v1/login", body=b'{"password": "x"}'), "answered 401"),
    "no such pointer": (flow("/v1/login", name="/data/1/x"), "answered 200 without a token in pointer /data/1/x"),
    "no such member": (flow("/v1/login", name="/token"), "answered 200 without a token in pointer /token"),
    "no text": (flow("/v1/login", name="/data/0/number"), "answered 200 without a token in pointer /data/0/number"),
    "through a text": (flow("/jwt", name="/access_token/0"), "answered 200 without a token in pointer /access_token/0"),
    "empty": (
        flow("/v1/login", name="/data/0/empty"),
        "answered 200 with something in pointer /data/0/empty that no header can carry",
    ),
    "two lines": (
        flow("/v1/login", name="/data/0/lines"),
        "answered 200 with something in pointer /data/0/lines that no header can carry",
    ),
    "no JSON": (flow("/page"), "answered 200 without a token in pointer /access_token"),
    "no header": (flow("/page", place="header", name="X-Auth"), "answered 200 without a token in header X-Auth"),
    "no cookie": (flow("/page", place="cookie", name="session"), "answered 200 without a token in cookie session"),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failed_login_says_why_and_shows_nothing(child: AppChild, name: str) -> None:
    """Without a token the reason is one line that names request and cause, and holds no value of the answer."""
    given, why = FAILURES[name]
    made = await login(child, BASE, given)
    assert made == LoginFailed(f"login POST {given.path} {why}")
    assert TOKEN not in repr(made)


async def test_no_answer_is_a_failed_login() -> None:
    """A transport without an answer makes the reason its error."""

    class Broken:
        async def send(self, request: Request) -> Exchange:
            return Exchange(request, None, "timeout")

    assert await login(Broken(), BASE, flow("/login")) == LoginFailed("login POST /login: timeout")


def test_the_flow_shows_no_secret() -> None:
    """A flow's representation holds neither headers nor body."""
    assert "swordfish" not in repr(flow("/login", headers=(("Authorization", "swordfish"),)))


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", {"": 0, "a/b": 1, "m~n": 8, "l": [1, 2], "~1": 9}),
        ("/", 0),
        ("/a~1b", 1),
        ("/m~0n", 8),
        ("/~01", 9),
        ("/l/1", 2),
    ],
)
def test_json_pointers(pointer: str, value: Any) -> None:
    """Pointers resolve as RFC 6901 §5 shows, the escapes of `~01` in the right order."""
    assert resolve({"": 0, "a/b": 1, "m~n": 8, "l": [1, 2], "~1": 9}, pointer) == value


@pytest.mark.parametrize("pointer", ["/x", "/l/2", "/l/-", "/l/01", "/l/+1", "/l/\u0661", "/l/0/0"])
def test_json_pointers_to_nothing(pointer: str) -> None:
    """A pointer to nothing is a LookupError, and an array index is written in one way only (RFC 6901 §4)."""
    with pytest.raises(LookupError):
        resolve({"l": [1, 2]}, pointer)
