"""`flask tokens`, `flask keys` and `flask clients`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from stopper.guard import Guard
from stopper.guard.audit import Event, Kind, happened
from stopper.guard.opaque import is_well_formed
from stopper.secret import fingerprint
from tests.guard.conftest import MakeApp


def run(app: Flask, *arguments: str, typed: str | None = None) -> Result:
    """Run one `flask` command and return what became of it; an exception that is not a clear error fails the test."""
    result = app.test_cli_runner().invoke(args=list(arguments), input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def column(result: Result, number: int) -> list[str]:
    """Return one column of a listing without its heading."""
    return [line.split()[number] for line in result.stdout.splitlines()[1:]]


def status(app: Flask, token: str) -> int:
    """Return what the application answers to a token when the lag is over."""
    time.sleep(1.05)
    return app.test_client().get("/me", headers={"Authorization": f"Bearer {token}"}).status_code


# --------------------------------------------------------------------------- tokens


def test_issue_list_and_revoke(app: Flask) -> None:
    """S06 S11: an operator issues a token, finds it by its subject and ends it by its id."""
    token = run(app, "tokens", "issue", "alice", "--scope", "read").stdout.strip()
    assert is_well_formed(token)
    listed = run(app, "tokens", "list", "alice")
    assert column(listed, 0) == [fingerprint(token)]
    assert column(listed, 1) == ["active"]
    assert token not in listed.output
    revoked = run(app, "tokens", "revoke", fingerprint(token))
    assert (revoked.exit_code, revoked.stdout) == (0, "")
    assert column(run(app, "tokens", "list", "alice"), 1) == ["revoked"]
    assert status(app, token) == 401


@pytest.mark.parametrize(
    ("options", "ended"), [(("--subject", "alice"), True), (("--subject", "bob"), False), (("--all",), True)]
)
def test_revoking_more_than_one(app: Flask, token: str, options: tuple[str, ...], ended: bool) -> None:
    """S05 S06: an operator ends everything of a subject, or everything."""
    assert run(app, "tokens", "revoke", *options).exit_code == 0
    assert (status(app, token) == 401) is ended


@pytest.mark.parametrize("arguments", [(), ("t1", "--all"), ("--subject", "a", "--family", "b")])
def test_revoke_wants_one_thing(app: Flask, arguments: tuple[str, ...]) -> None:
    """Nothing is revoked where it is not clear what."""
    assert run(app, "tokens", "revoke", *arguments).exit_code == 2


def test_an_id_that_nobody_has(app: Flask) -> None:
    """A mistyped id is an error and no silent success."""
    result = run(app, "tokens", "revoke", "000000000000")
    assert result.exit_code == 1
    assert "000000000000" in result.stderr


def test_a_leaked_token_is_found_and_ended(app: Flask, guard: Guard) -> None:
    """A leaked access token leads to its id, a leaked refresh token to its family, and neither is shown again."""
    with app.app_context():
        pair = guard.issue_with_refresh("alice", ("read",))
    access = run(app, "tokens", "fingerprint", typed=pair["access_token"] + "\n")
    assert fingerprint(pair["access_token"]) in access.stdout
    assert "active" in access.stdout
    refresh = run(app, "tokens", "fingerprint", typed=pair["refresh_token"] + "\n")
    assert all(token not in access.output + refresh.output for token in (pair["access_token"], pair["refresh_token"]))
    family = refresh.stdout.split("--family")[1].strip()
    assert run(app, "tokens", "revoke", "--family", family).exit_code == 0
    assert status(app, pair["access_token"]) == 401
    again = run(app, "tokens", "fingerprint", typed=pair["access_token"] + "\n")
    assert "revoked" in again.stdout


@pytest.mark.parametrize("typed", ["nonsense\n", "é\n", "a.b.c\n"])
def test_the_fingerprint_of_something_else(app: Flask, typed: str) -> None:
    """Whatever is typed has a fingerprint, under which logs may have it."""
    result = run(app, "tokens", "fingerprint", typed=typed)
    assert result.exit_code == 0
    assert fingerprint(typed.strip()) in result.stdout
    assert run(app, "tokens", "fingerprint", typed="\n").exit_code == 1


def test_purge_forgets_what_has_expired(app: Flask) -> None:
    """S15: expired tokens are purged, the others stay."""
    run(app, "tokens", "issue", "alice", "--lifetime", "1")
    run(app, "tokens", "issue", "alice")
    time.sleep(1.05)
    assert run(app, "tokens", "purge").stdout == "1 entries purged\n"
    assert len(column(run(app, "tokens", "list", "alice"), 0)) == 1


def test_what_a_subject_is_called_steers_no_terminal(app: Flask) -> None:
    """L06: a name with control characters is listed with them escaped."""
    run(app, "clients", "add", "evil\x1b[2J\nclient-fake")
    listed = run(app, "clients", "list")
    assert "\x1b" not in listed.output
    assert len(listed.stdout.splitlines()) == 2


@pytest.mark.parametrize(("default", "code"), [("require", 0), ("declare", 1), ("open", 1)])
def test_check_lists_undeclared_routes(make_app: MakeApp, default: str, code: int) -> None:
    """An undeclared route is listed, and fails the check where no token protects it."""
    result = run(make_app(default), "tokens", "check")
    assert result.exit_code == code
    assert result.stdout.split() == ["GET", "/forgotten", "forgotten"]


def test_check_is_content_where_all_is_declared(tmp_path: Path) -> None:
    """Where every route is declared there is nothing to list."""
    app, guard = Flask("shop", instance_path=str(tmp_path)), Guard(default="declare")
    guard.init_app(app)
    app.register_blueprint(guard.endpoints())
    result = run(app, "tokens", "check")
    assert (result.exit_code, result.stdout) == (0, "every route is declared\n")


def test_a_store_that_cannot_be_reached_is_one_line(make_app: MakeApp) -> None:
    """Fault 80: an operator gets one line without the store's address and no trace."""
    app = make_app(store="postgresql+psycopg://user:hunter2@127.0.0.1:1/none?connect_timeout=2")
    for command in (("purge",), ("list", "alice"), ("issue", "alice")):
        result = run(app, "tokens", *command)
        assert result.exit_code == 1
        assert len(result.stderr.splitlines()) == 1
        assert "hunter2" not in result.output


# --------------------------------------------------------------------------- keys


@pytest.fixture
def signing(make_app: MakeApp) -> Flask:
    """Return an application that issues signed tokens."""
    return make_app(issuer="https://shop.test", token_format="jwt")


def test_rotating_and_retiring_keys(signing: Flask) -> None:
    """G12 G13: after a rotation the new key signs and the old one verifies, until it is retired with what it signed."""
    assert run(signing, "keys", "list").stdout == ""
    token = run(signing, "tokens", "issue", "alice", "--scope", "read").stdout.strip()
    (old,) = column(run(signing, "keys", "list"), 0)
    new = run(signing, "keys", "rotate").stdout.strip()
    listed = run(signing, "keys", "list")
    assert column(listed, 0) == [new, old]
    assert column(listed, 2) == ["signs", "verifies"]
    first_client = signing.test_client()
    header = {"Authorization": f"Bearer {token}"}
    assert first_client.get("/greeting", headers=header).status_code == 200
    assert run(signing, "keys", "retire", new).exit_code == 1
    assert run(signing, "keys", "retire", "unknown").exit_code == 1
    assert run(signing, "keys", "retire", old).exit_code == 0
    time.sleep(1.05)
    assert first_client.get("/greeting", headers=header).status_code == 401


def test_a_signed_token_is_revoked_by_its_id(signing: Flask) -> None:
    """S03: a signed token, which no store holds, ends by the id that its fingerprint leads to."""
    token = run(signing, "tokens", "issue", "alice", "--scope", "read").stdout.strip()
    told = run(signing, "tokens", "fingerprint", typed=token + "\n").stdout
    token_id = told.split("revoke by")[1].strip()
    assert run(signing, "tokens", "revoke", token_id).exit_code == 0
    assert status(signing, token) == 401


# --------------------------------------------------------------------------- clients


def test_the_life_of_a_client(app: Flask) -> None:
    """S01 L15: a client is added, its secret is shown once, is rotated, and ends with it."""
    added = run(app, "clients", "add", "reports", "--scope", "read")
    client_id, secret = added.stdout.split()
    listed = run(app, "clients", "list")
    assert column(listed, 0) == [client_id]
    assert secret not in listed.output
    newer = run(app, "clients", "rotate", client_id, "--overlap", "60").stdout.strip()
    assert newer != secret
    assert column(run(app, "clients", "list"), -1) == ["2"]
    assert run(app, "clients", "revoke", client_id).exit_code == 0
    assert run(app, "clients", "revoke", client_id).exit_code == 1
    assert run(app, "clients", "rotate", client_id).exit_code == 1


def test_a_revoked_client_loses_its_tokens(app: Flask, guard: Guard) -> None:
    """The end of a client is the end of what was issued through it, to itself and to users."""
    client_id, _ = run(app, "clients", "add", "reports", "--scope", "read").stdout.split()
    with app.app_context():
        own = guard.issue(client_id, ("read",), client=client_id)["access_token"]
        of_user = guard.issue_with_refresh("alice", ("read",), client=client_id)["access_token"]
        other = guard.issue("alice", ("read",), claims={"shop": 7})["access_token"]
    run(app, "clients", "revoke", client_id)
    assert [status(app, token) for token in (own, of_user, other)] == [401, 401, 200]


def test_public_clients_have_nothing_of_their_own(app: Flask) -> None:
    """A public client is added without a secret, and cannot be given scopes."""
    added = run(app, "clients", "add", "phone", "--public")
    assert len(added.stdout.split()) == 1
    assert run(app, "clients", "add", "phone", "--public", "--scope", "read").exit_code == 2
    assert run(app, "clients", "add", "phone", "--grant", "password").exit_code == 2


def test_each_step_of_an_operator_is_an_event(app: Flask, guard: Guard, signing: Flask) -> None:
    """L02: what is done on the command line is in the audit as well, without an address."""
    events: list[Event] = []

    def keep(sender: Any, event: Event) -> None:
        events.append(event)

    with happened.connected_to(keep):
        run(signing, "tokens", "issue", "alice")
        run(signing, "tokens", "revoke", "--subject", "alice")
        run(signing, "tokens", "revoke", "--family", "f1")
        run(signing, "keys", "rotate")
    assert [event.kind for event in events] == [Kind.ISSUED, Kind.REVOKED, Kind.REVOKED, Kind.KEY_ROTATED]
    assert {event.peer for event in events} == {""}


@pytest.fixture
def guard() -> Guard:
    """Return a guard through which any guarded application at hand is spoken to."""
    return Guard()
