"""What Flask-JWT-Extended's documentation shows behaves the same over the guard: one test each, run against both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient

from tests.guard.migration.before_and_after import bearer, client_of, load

EXAMPLES = Path(__file__).parent / "examples"
NOON = "2026-11-02T12:00:00+00:00"

Load = Callable[[str], FlaskClient]


@pytest.fixture(params=["flask_jwt_extended", "guard"])
def module_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], ModuleType]:
    """Return a function that loads an example by name, with the library and with the guard."""
    return lambda name: load(EXAMPLES / f"{name}.py", tmp_path, shimmed=request.param == "guard")


@pytest.fixture
def client(module_of: Callable[[str], ModuleType]) -> Load:
    """Return a function that makes a client of an example."""
    return lambda name: client_of(module_of(name))


def login(client: FlaskClient, path: str = "/login", **body: Any) -> dict[str, str]:
    """Return what a login hands out."""
    answer = client.post(path, json=body)
    assert answer.status_code == 200
    handed_out: dict[str, str] = answer.get_json()
    return handed_out


def asked(client: FlaskClient, path: str, token: str = "", method: str = "GET") -> tuple[int, Any]:
    """Return status and body of an answer."""
    answer = client.open(path, method=method, headers=bearer(token) if token else {})
    return answer.status_code, answer.get_json()


def test_basic_usage(client: Load) -> None:
    """A login hands out a token, which opens the protected route and no wrong password does."""
    app = client("basic")
    token = login(app, name="ada", password="pencil")["access_token"]
    assert asked(app, "/protected", token) == (200, {"hello": "ada"})
    assert app.post("/login", json={"name": "ada", "password": "pen"}).status_code == 401
    assert app.get("/open").text == "open"


@pytest.mark.parametrize(
    ("header", "status", "message"),
    [
        (None, 401, "Missing Authorization Header"),
        ("", 401, "Missing Authorization Header"),
        (
            "Basic YTpi",
            401,
            "Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'",
        ),
        ("Bearer", 422, "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'"),
        ("Bearer a b", 422, "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'"),
    ],
)
def test_messages_of_missing_tokens(client: Load, header: str | None, status: int, message: str) -> None:
    """A request without a readable token gets the same status and the same words."""
    headers = {} if header is None else {"Authorization": header}
    answer = client("basic").get("/protected", headers=headers)
    assert (answer.status_code, answer.get_json()) == (status, {"msg": message})


@pytest.mark.parametrize("text", ["garbage", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ."])
def test_what_is_no_token(client: Load, text: str) -> None:
    """What is no token gets 422 and a message, whose words differ."""
    status, body = asked(client("basic"), "/protected", text)
    assert (status, list(body)) == (422, ["msg"])


def test_users_are_loaded(client: Load) -> None:
    """An object is an identity, and its user is there in the view until it is gone."""
    app = client("users")
    ada, bob = (login(app, f"/login/{number}")["access_token"] for number in (1, 2))
    assert asked(app, "/me", ada) == (200, {"id": 1, "name": "ada"})
    assert asked(app, "/maybe", bob) == (200, {"name": "bob"})
    assert asked(app, "/maybe") == (200, {"name": None})
    assert app.delete("/users/1").status_code == 204
    assert asked(app, "/me", ada) == (401, {"msg": "Error loading the user 1"})
    assert asked(app, "/me", bob)[0] == 200


def test_additional_claims(client: Load) -> None:
    """Claims of the loader and of one token are in it, and decide where the application asks them."""
    app = client("claims")
    ada, root, eve = (login(app, f"/login/{name}") for name in ("ada", "root", "eve"))
    assert ada["sub"] == "ada"
    expected = {"team": "blue", "length": 3, "sub": "ada", "type": "access", "fresh": False}
    assert asked(app, "/claims", ada["access_token"]) == (200, expected)
    assert asked(app, "/times", ada["access_token"]) == (200, {"lives": 900, "id": True, "started": True})
    assert asked(app, "/claims", eve["access_token"]) == (400, {"problem": "User claims verification failed"})
    assert asked(app, "/admin", ada["access_token"]) == (403, {"msg": "Administrators only"})
    assert asked(app, "/admin", root["access_token"]) == (200, {"hello": "root"})
    assert asked(app, "/admin") == (401, {"problem": "Missing Authorization Header"})


def test_optional_routes(client: Load) -> None:
    """An optional route knows who has a token, lets others in, and refuses a bad token."""
    app = client("optional")
    token = login(app)["access_token"]
    assert asked(app, "/maybe", token) == (200, {"who": "ada", "claims": True})
    assert asked(app, "/maybe") == (200, {"who": "somebody", "claims": False})
    assert app.get("/maybe", headers={"Authorization": "Basic YTpi"}).get_json()["who"] == "somebody"
    assert asked(app, "/maybe", "garbage")[0] == 422
    assert app.options("/maybe").status_code == 200
    app.application.testing = True
    with pytest.raises(RuntimeError, match="verify_jwt_in_request"):
        app.get("/careless")


def test_refreshing(client: Load) -> None:
    """A refresh token gives access tokens, more than once, and neither does the other's work."""
    app = client("refreshing")
    handed_out = login(app)
    access, refresh = handed_out["access_token"], handed_out["refresh_token"]
    for _ in range(2):
        status, body = asked(app, "/refresh", refresh, "POST")
        assert (status, body["device"]) == (200, "phone")
    assert asked(app, "/me", body["access_token"]) == (200, {"who": "ada", "fresh": False})
    assert asked(app, "/me", access) == (200, {"who": "ada", "fresh": True})
    assert asked(app, "/me", refresh) == (422, {"msg": "Only non-refresh tokens are allowed"})
    assert asked(app, "/refresh", access, "POST") == (422, {"msg": "Only refresh tokens are allowed"})
    assert asked(app, "/refresh", method="POST") == (401, {"msg": "Missing Authorization Header"})
    assert asked(app, "/refresh", "garbage", "POST")[0] == 422


def test_fresh_tokens(client: Load) -> None:
    """A route that wants a login refuses a token from a refresh, and one that was fresh for some minutes."""
    with time_machine.travel(NOON, tick=False) as clock:
        app = client("refreshing")
        handed_out = login(app)
        refreshed = asked(app, "/refresh", handed_out["refresh_token"], "POST")[1]["access_token"]
        for_minutes = login(app, "/login/minutes")["access_token"]
        assert asked(app, "/password", handed_out["access_token"], "POST") == (200, {"changed": True})
        assert asked(app, "/password", for_minutes, "POST") == (200, {"changed": True})
        assert asked(app, "/password", refreshed, "POST") == (401, {"msg": "Fresh token required"})
        clock.shift(16 * 60)
        assert asked(app, "/password", for_minutes, "POST") == (401, {"msg": "Fresh token required"})
        assert asked(app, "/me", for_minutes)[0] == 200


def test_expiry(client: Load) -> None:
    """Tokens end when the configuration or their own life says so, and the answer says that they have expired."""
    expired = (401, {"msg": "Token has expired"})
    with time_machine.travel(NOON, tick=False) as clock:
        app = client("refreshing")
        long, brief = login(app), login(app, "/login/briefly")
        clock.shift(61)
        assert asked(app, "/me", brief["access_token"]) == expired
        assert asked(app, "/refresh", brief["refresh_token"], "POST")[0] == 200
        clock.shift(60)
        assert asked(app, "/refresh", brief["refresh_token"], "POST") == expired
        assert asked(app, "/me", long["access_token"])[0] == 200
        clock.shift(3600)
        assert asked(app, "/me", long["access_token"]) == expired
        assert asked(app, "/refresh", long["refresh_token"], "POST")[0] == 200
        clock.shift(3 * 86_400)
        assert asked(app, "/refresh", long["refresh_token"], "POST") == expired


def test_blocklist(client: Load) -> None:
    """What the application's own list names is refused: the access token at once, the refresh token by itself."""
    app = client("blocklist")
    handed_out = login(app)
    access, refresh = handed_out["access_token"], handed_out["refresh_token"]
    revoked = (401, {"msg": "Token has been revoked"})
    assert asked(app, "/logout", access, "DELETE") == (200, {"msg": "Logged out"})
    assert asked(app, "/me", access) == revoked
    second = asked(app, "/refresh", refresh, "POST")[1]["access_token"]
    assert asked(app, "/me", second) == (200, {"who": "ada"})
    assert asked(app, "/logout/refresh", refresh, "DELETE") == (200, {"msg": "refresh ended"})
    assert asked(app, "/refresh", refresh, "POST") == revoked


def test_callbacks(client: Load) -> None:
    """Each refusal is answered by the callback that the application registered for it, with what it needs."""
    with time_machine.travel(NOON, tick=False) as clock:
        app = client("callbacks")
        names = ("ada", "bob", "mallory", "ghost")
        tokens = {name: login(app, f"/login/{name}")["access_token"] for name in names}
        assert asked(app, "/me", tokens["ada"]) == (200, {"who": "ada"})
        assert asked(app, "/me") == (418, {"own": "no token", "why": "Missing Authorization Header"})
        assert asked(app, "/me", "garbage") == (400, {"own": "invalid", "told": True})
        assert asked(app, "/fresh", tokens["ada"]) == (401, {"own": "stale", "who": "ada"})
        assert asked(app, "/me", tokens["mallory"]) == (403, {"own": "not you", "who": "mallory"})
        assert asked(app, "/me", tokens["ghost"]) == (404, {"own": "nobody", "who": "ghost"})
        assert app.post("/block/bob").status_code == 204
        assert asked(app, "/me", tokens["bob"]) == (403, {"own": "revoked", "who": "bob"})
        clock.shift(301)
        expected = {"own": "expired", "who": "ada", "kind": "access", "header": True}
        assert asked(app, "/me", tokens["ada"]) == (401, expected)


def test_the_user_in_templates(module_of: Callable[[str], ModuleType]) -> None:
    """With the context processor, templates see the user."""
    from flask import render_template_string

    module = module_of("callbacks")
    decorated = module.jwt_required()(lambda: render_template_string("{{ current_user }}"))
    module.app.add_url_rule("/page", "page", decorated)
    app = client_of(module)
    token = login(app, "/login/ada")["access_token"]
    assert app.get("/page", headers=bearer(token)).text == "ADA"


def test_the_examples_are_all_run() -> None:
    """No example is left out by a test with another name."""
    named = {"basic", "users", "claims", "optional", "refreshing", "blocklist", "callbacks"}
    assert {path.stem for path in EXAMPLES.glob("*.py")} == named
