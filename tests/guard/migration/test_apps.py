"""Four applications in the style of tutorials, moved by the pages: their own tests are green before and after."""

from __future__ import annotations

import difflib
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
import time_machine
from flask.testing import FlaskClient

from tests.guard.migration.before_and_after import bearer

APPS = Path(__file__).parent / "apps"


def made(name: str, version: str, folder: Path, *more: object) -> FlaskClient:
    """Return a client of an application's version, `before` or `after`."""
    source = APPS / name / f"{version}.py"
    module = ModuleType(name)
    exec(compile(source.read_text("utf-8"), str(source), "exec", dont_inherit=True), module.__dict__)
    client: FlaskClient = module.create_app(folder, *more).test_client()
    return client


@pytest.fixture(params=["before", "after"])
def version(request: pytest.FixtureRequest) -> str:
    """Return each version in turn."""
    found: str = request.param
    return found


# --------------------------------------------------------------------------- notes: Flask-JWT-Extended


@pytest.fixture
def notes(version: str, tmp_path: Path) -> FlaskClient:
    """Return a client of the notebook with two accounts."""
    client = made("notes", version, tmp_path)
    for name in ("ada", "root"):
        assert client.post("/register", json={"name": name, "password": "pencil"}).status_code == 201
    return client


def tokens_of(client: FlaskClient, name: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers that present an account's access and refresh token."""
    answer = client.post("/login", json={"name": name, "password": "pencil"}).get_json()
    return bearer(answer["access_token"]), bearer(answer["refresh_token"])


def test_notes_are_kept(notes: FlaskClient) -> None:
    """A user writes, reads and removes notes, and nobody else's."""
    ada, _ = tokens_of(notes, "ada")
    root, _ = tokens_of(notes, "root")
    number = notes.post("/notes", json={"text": "milk"}, headers=ada).get_json()["id"]
    assert notes.get("/notes", headers=ada).get_json() == [{"id": number, "text": "milk"}]
    assert notes.get("/notes", headers=root).get_json() == []
    assert notes.delete(f"/notes/{number}", headers=root).status_code == 404
    assert notes.delete(f"/notes/{number}", headers=ada).status_code == 204
    assert notes.get("/notes").get_json() == {"msg": "Missing Authorization Header"}


def test_notes_accounts(notes: FlaskClient) -> None:
    """Names are unique, passwords are checked, administrators see all accounts."""
    assert notes.post("/register", json={"name": "ada", "password": "x"}).status_code == 409
    assert notes.post("/login", json={"name": "ada", "password": "x"}).status_code == 401
    (ada, _), (root, _) = tokens_of(notes, "ada"), tokens_of(notes, "root")
    assert notes.get("/users", headers=root).get_json() == ["ada", "root"]
    assert notes.get("/users", headers=ada).status_code == 403
    assert notes.get("/", headers=ada).get_json() == {"hello": "ada"}
    assert notes.get("/").get_json() == {"hello": "stranger"}


def test_notes_sessions(notes: FlaskClient) -> None:
    """Tokens are refreshed, fresh ones are needed to change a password, logged out ones are refused."""
    ada, refresh = tokens_of(notes, "ada")
    renewed = bearer(notes.post("/refresh", headers=refresh).get_json()["access_token"])
    assert notes.get("/notes", headers=renewed).status_code == 200
    stale = notes.post("/password", json={"password": "pen"}, headers=renewed)
    assert (stale.status_code, stale.get_json()) == (401, {"msg": "Fresh token required"})
    assert notes.post("/password", json={"password": "pen"}, headers=ada).status_code == 200
    assert notes.post("/logout", headers=ada).get_json() == {"msg": "Bye"}
    assert notes.get("/notes", headers=ada).get_json() == {"msg": "Token has been revoked"}
    assert notes.get("/notes", headers=refresh).status_code == 422


def test_notes_expire(version: str, tmp_path: Path) -> None:
    """After half an hour a client is told to refresh."""
    with time_machine.travel("2026-11-02T12:00:00+00:00", tick=False) as clock:
        client = made("notes", version, tmp_path)
        client.post("/register", json={"name": "ada", "password": "pencil"})
        ada, _ = tokens_of(client, "ada")
        clock.shift(timedelta(minutes=31))
        answer = client.get("/notes", headers=ada)
        assert (answer.status_code, answer.get_json()["code"]) == (401, "expired")


def test_notes_differ_in_their_import_line() -> None:
    """Nothing but the import line of the notebook was changed."""
    before, after = (
        APPS.joinpath("notes", f"{name}.py").read_text("utf-8").splitlines() for name in ("before", "after")
    )
    changed = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert changed == [
        "- from flask_jwt_extended import (",
        "+ from stopper.guard.compat.flask_jwt_extended import (",
    ]


# --------------------------------------------------------------------------- tasks: Flask-HTTPAuth


@pytest.fixture
def tasks(version: str, tmp_path: Path) -> FlaskClient:
    """Return a client of the list of tasks."""
    return made("tasks", version, tmp_path)


def task_token(client: FlaskClient, name: str, password: str) -> dict[str, str]:
    """Return the headers that present an account's token."""
    return bearer(client.post("/tokens", auth=(name, password)).get_json()["token"])


def test_tasks_need_a_token(tasks: FlaskClient) -> None:
    """The list is for who has a token, which a name and password give."""
    assert tasks.get("/tasks", headers=task_token(tasks, "ada", "pencil")).get_json() == ["read", "write"]
    for headers in ({}, bearer("wrong"), {"Authorization": "Basic YTpi"}):
        answer = tasks.get("/tasks", headers=headers)
        assert (answer.status_code, answer.get_json()) == (401, {"error": "unauthorized"})
        assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=")
    assert tasks.post("/tokens", auth=("ada", "wrong")).status_code == 401
    assert tasks.get("/health").get_json() == {"ok": True}


def test_tasks_have_editors(tasks: FlaskClient) -> None:
    """Editors add tasks, readers do not, and anybody reads one."""
    ada, bob = task_token(tasks, "ada", "pencil"), task_token(tasks, "bob", "rubber")
    answer = tasks.post("/tasks", json={"title": "rest"}, headers=bob)
    assert (answer.status_code, answer.get_json()) == (201, {"by": "bob"})
    answer = tasks.post("/tasks", json={"title": "rest"}, headers=ada)
    assert (answer.status_code, answer.get_json()) == (403, {"error": "forbidden"})
    assert tasks.get("/tasks/2").get_json() == {"title": "rest", "you": None}
    assert tasks.get("/tasks/2", headers=ada).get_json() == {"title": "rest", "you": "ada"}
    assert tasks.get("/tasks/3").status_code == 404


def test_tasks_take_tokens_back(tasks: FlaskClient) -> None:
    """A token that was given back is refused at once by the process that took it."""
    ada = task_token(tasks, "ada", "pencil")
    assert tasks.delete("/tokens", headers=ada).status_code == 204
    assert tasks.get("/tasks", headers=ada).status_code == 401


def test_tasks_expire(version: str, tmp_path: Path) -> None:
    """A token ends after an hour."""
    with time_machine.travel("2026-11-02T12:00:00+00:00", tick=False) as clock:
        client = made("tasks", version, tmp_path)
        ada = task_token(client, "ada", "pencil")
        clock.shift(3599)
        assert client.get("/tasks", headers=ada).status_code == 200
        clock.shift(2)
        assert client.get("/tasks", headers=ada).status_code == 401


# --------------------------------------------------------------------------- invites: itsdangerous


@pytest.fixture
def invites(version: str, tmp_path: Path) -> FlaskClient:
    """Return a client of the invitations."""
    return made("invites", version, tmp_path)


def guest_token(client: FlaskClient, name: str, password: str) -> dict[str, str]:
    """Return the headers that present a guest's token."""
    return bearer(client.post("/session", json={"name": name, "password": password}).get_json()["token"])


def test_invitations(invites: FlaskClient) -> None:
    """A guest is known by the token, and only some may invite."""
    ada, bob = guest_token(invites, "ada", "pencil"), guest_token(invites, "bob", "rubber")
    assert invites.get("/me", headers=bob).get_json() == {"name": "bob"}
    answer = invites.post("/invitations", json={"guest": "eve"}, headers=ada)
    assert (answer.status_code, answer.get_json()) == (201, {"invited": ["eve"], "by": "ada"})
    answer = invites.post("/invitations", json={"guest": "eve"}, headers=bob)
    assert (answer.status_code, answer.get_json()) == (403, {"error": "you may not invite"})


def test_invitations_refuse(invites: FlaskClient) -> None:
    """Without a good token or password there is a message."""
    answer = invites.get("/me")
    assert (answer.status_code, answer.get_json()) == (401, {"error": "a token is needed"})
    answer = invites.get("/me", headers=bearer("wrong"))
    assert (answer.status_code, answer.get_json()) == (401, {"error": "the token is not valid"})
    assert invites.post("/session", json={"name": "ada", "password": "x"}).status_code == 401


def test_invitations_expire(version: str, tmp_path: Path) -> None:
    """A token ends after a day."""
    with time_machine.travel("2026-11-02T12:00:00+00:00", tick=False) as clock:
        client = made("invites", version, tmp_path)
        ada = guest_token(client, "ada", "pencil")
        clock.shift(86_399)
        assert client.get("/me", headers=ada).status_code == 200
        clock.shift(2)
        assert client.get("/me", headers=ada).get_json() == {"error": "the token is not valid"}


def test_invitations_change_over(tmp_path: Path) -> None:
    """Who has a token from before the move keeps it with its rights until it ends."""
    with time_machine.travel("2026-11-02T12:00:00+00:00", tick=False) as clock:
        ada = guest_token(made("invites", "before", tmp_path), "ada", "pencil")
        moved = made("invites", "after", tmp_path)
        assert moved.post("/invitations", json={"guest": "eve"}, headers=ada).status_code == 201
        clock.shift(86_401)
        assert moved.get("/me", headers=ada).status_code == 401


# --------------------------------------------------------------------------- parcels: Authlib's ResourceProtector


@pytest.fixture
def parcels(version: str, tmp_path: Path) -> FlaskClient:
    """Return a client of the parcels."""
    return made("parcels", version, tmp_path, {})


def sender_token(client: FlaskClient, name: str, password: str) -> dict[str, str]:
    """Return the headers that present a sender's token."""
    answer = client.post("/token", data={"username": name, "password": password}).get_json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    return bearer(answer["access_token"])


def test_parcels_are_tracked_and_sent(parcels: FlaskClient) -> None:
    """Both scopes are needed to send, one to track, none to see who one is or what it costs."""
    ada, bob = sender_token(parcels, "ada", "pencil"), sender_token(parcels, "bob", "rubber")
    assert parcels.get("/parcels/1", headers=ada).get_json() == {"to": "Ada", "at": "depot"}
    answer = parcels.post("/parcels", json={"to": "Eve"}, headers=bob)
    assert (answer.status_code, answer.get_json()) == (201, {"number": 2, "by": "bob"})
    assert parcels.get("/parcels/2", headers=ada).get_json()["to"] == "Eve"
    assert parcels.get("/parcels/3", headers=ada).status_code == 404
    assert [parcels.get("/", headers=headers).get_json()["hello"] for headers in ({}, ada)] == ["stranger", "ada"]
    assert parcels.get("/prices").get_json() == {"small": 4, "large": 9}


def test_parcels_refuse(parcels: FlaskClient) -> None:
    """Clients tell no token, a wrong one and one that does not reach so far by status, error and challenge."""
    ada = sender_token(parcels, "ada", "pencil")
    assert parcels.get("/parcels/1").status_code == 401
    for answer, status, error in (
        (parcels.get("/parcels/1", headers=bearer("wrong")), 401, "invalid_token"),
        (parcels.post("/parcels", json={"to": "Eve"}, headers=ada), 403, "insufficient_scope"),
    ):
        assert (answer.status_code, answer.get_json()["error"]) == (status, error)
        assert status == 403 or f'error="{error}"' in answer.headers["WWW-Authenticate"]
    assert parcels.post("/token", data={"username": "ada", "password": "x"}).get_json() == {"error": "invalid_grant"}


def test_parcels_log_out(parcels: FlaskClient) -> None:
    """A token that was given back is refused."""
    ada = sender_token(parcels, "ada", "pencil")
    assert parcels.delete("/token", headers=ada).status_code == 204
    assert parcels.get("/parcels/1", headers=ada).get_json()["error"] == "invalid_token"


def test_parcels_expire(version: str, tmp_path: Path) -> None:
    """A token ends after an hour."""
    with time_machine.travel("2026-11-02T12:00:00+00:00", tick=False) as clock:
        client = made("parcels", version, tmp_path, {})
        ada = sender_token(client, "ada", "pencil")
        clock.shift(3599)
        assert client.get("/parcels/1", headers=ada).status_code == 200
        clock.shift(2)
        assert client.get("/parcels/1", headers=ada).get_json()["error"] == "invalid_token"


def test_parcels_change_over(tmp_path: Path) -> None:
    """Who has a token in the old table keeps it with its scopes until it ends, or gives it back."""
    table: dict[str, object] = {}
    with time_machine.travel("2026-11-02T12:00:00+00:00", tick=False) as clock:
        old = made("parcels", "before", tmp_path, table)
        ada, bob = sender_token(old, "ada", "pencil"), sender_token(old, "bob", "rubber")
        moved = made("parcels", "after", tmp_path, table)
        assert moved.get("/", headers=ada).get_json() == {"hello": "ada"}
        assert moved.post("/parcels", json={"to": "Eve"}, headers=ada).status_code == 403
        assert moved.post("/parcels", json={"to": "Eve"}, headers=bob).status_code == 201
        assert moved.delete("/token", headers=bob).status_code == 204
        assert moved.get("/", headers=bob).status_code == 401
        clock.shift(3601)
        assert moved.get("/parcels/1", headers=ada).status_code == 401
