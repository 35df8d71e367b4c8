"""What another library handed out is accepted until a date, told to the audit, and never issued again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import flask_jwt_extended
import jwt
import pytest
import time_machine
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from stopper.guard import ConfigurationError, Guard, audit, current_token
from stopper.guard.compat import flask_jwt_extended as shim
from stopper.guard.compat.old import Verify, accept_old, signed_jwt, signed_value
from tests.guard.migration.before_and_after import bearer

SECRET = "an old key of the application, long enough"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
END = date(2026, 12, 1)
AFTER = datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Coordinates]:
    """Stand at noon of a day before the end."""
    with time_machine.travel(NOON, tick=False) as travelling:
        yield travelling


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """Return a guarded application that names the caller, and lets the scope `write` write."""
    app = Flask("shop", instance_path=str(tmp_path))
    guard = Guard(app)
    app.add_url_rule("/me", "me", lambda: {"who": current_token.subject, "id": current_token.id})
    app.add_url_rule("/write", "write", guard.require("write")(lambda: {"written": True}))
    return app


def events(app: Flask) -> list[audit.Event]:
    """Return a list that gets what the audit is told of an application from now on."""
    kept: list[audit.Event] = []

    def keep(sender: object, event: audit.Event) -> None:
        kept.append(event)

    app.extensions["test.keep"] = keep  # the signal alone would let go of it
    audit.happened.connect(keep, sender=app)
    return kept


def old_jwt(make: str = "create_access_token", **arguments: Any) -> str:
    """Return a token that Flask-JWT-Extended itself makes."""
    old = Flask("old")
    old.config["JWT_SECRET_KEY"] = SECRET
    flask_jwt_extended.JWTManager(old)
    with old.app_context():
        made: str = getattr(flask_jwt_extended, make)("ada", **arguments)
        return made


def status(app: Flask, credential: str, path: str = "/me") -> int:
    """Return the status of an answer to a credential."""
    return app.test_client().get(path, headers=bearer(credential)).status_code


SIGNER = URLSafeTimedSerializer(SECRET, salt="login")
SECURITY = URLSafeTimedSerializer(SECRET, salt="remember-salt")

KINDS: dict[str, tuple[Callable[[], Verify], Callable[[], str]]] = {
    "JWT": (lambda: signed_jwt(SECRET), lambda: old_jwt(expires_delta=timedelta(days=60))),
    "JWT without end": (lambda: signed_jwt(SECRET), lambda: old_jwt(expires_delta=False)),
    "itsdangerous": (
        lambda: signed_value(SIGNER, max_age=60 * 86_400, subject=lambda payload: payload["user"]),
        lambda: str(SIGNER.dumps({"user": "ada"})),
    ),
    "Flask-Security": (
        lambda: signed_value(SECURITY, max_age=60 * 86_400, subject=lambda payload: payload["uid"]),
        lambda: str(SECURITY.dumps({"ver": "5", "uid": "ada", "fs_paa": time.time(), "exp": 0})),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_until_the_date_and_not_longer(app: Flask, clock: time_machine.Coordinates, kind: str) -> None:
    """An old token opens the door until the end, is told to the audit, and is refused from then on."""
    verifier, made = KINDS[kind]
    credential = made()
    assert status(app, credential) == 401
    kept = events(app)
    accept_old(app, verifier(), until=END)
    client = app.test_client()
    assert client.get("/me", headers=bearer(credential)).get_json()["who"] == "ada"
    assert [(event.kind, event.subject) for event in kept] == [(audit.Kind.OLD_ACCEPTED, "ada")]
    clock.move_to(AFTER)
    assert status(app, credential) == 401
    assert kept[-1].kind is audit.Kind.REFUSED


def test_the_audit_learns_who_comes_after_the_end(app: Flask, clock: time_machine.Coordinates) -> None:
    """A process that sees an old token for the first time after the end says so, and whose it is."""
    accept_old(app, signed_jwt(SECRET), until=END)
    credential = old_jwt(expires_delta=timedelta(days=60))
    clock.move_to(AFTER)
    kept = events(app)
    assert status(app, credential) == 401
    assert [(event.subject, event.reason) for event in kept] == [("ada", "an old token after the change-over")]
    assert credential not in str(kept)


def test_old_tokens_end_by_themselves(app: Flask, clock: time_machine.Coordinates) -> None:
    """An old token ends when it would have ended before, by `exp`, by age or by the `exp` of Flask-Security."""
    accept_old(app, signed_jwt(SECRET), until=END)
    accept_old(app, signed_value(SIGNER, max_age=600), until=END)
    accept_old(app, signed_value(SECURITY, max_age=86_400, subject=lambda payload: payload["uid"]), until=END)
    secured = SECURITY.dumps({"ver": "5", "uid": "ada", "exp": int(time.time()) + 600})
    credentials = [old_jwt(expires_delta=timedelta(minutes=10)), str(SIGNER.dumps("ada")), str(secured)]
    assert [status(app, credential) for credential in credentials] == [200, 200, 200]
    clock.shift(601)
    assert [status(app, credential) for credential in credentials] == [401, 401, 401]


def _forged() -> dict[str, str]:
    now = int(time.time())
    claims = {"sub": "ada", "type": "access", "iat": now, "exp": now + 600, "jti": "1"}
    return {
        "another key": jwt.encode(claims, "another key that is long enough too", "HS256"),
        "another algorithm": jwt.encode(claims, SECRET * 2, "HS512"),
        "no algorithm": jwt.encode(claims, "", "none"),
        "a refresh token": old_jwt("create_refresh_token"),
        "no type": jwt.encode({**claims, "type": None}, SECRET, "HS256"),
        "nobody": jwt.encode({**claims, "sub": ""}, SECRET, "HS256"),
        "not yet": jwt.encode({**claims, "nbf": now + 60}, SECRET, "HS256"),
        "no date": jwt.encode({**claims, "exp": None}, SECRET, "HS256"),
        "another salt": str(URLSafeTimedSerializer(SECRET, salt="confirm").dumps("ada")),
        "another payload": str(SIGNER.dumps({"somebody": "ada"})),
        "another signature": str(SIGNER.dumps("ada"))[:-2] + "AA",
    }


@pytest.mark.parametrize("name", _forged())
def test_what_is_no_old_token(app: Flask, name: str) -> None:
    """Nothing but what the old key signed as an access token is accepted."""
    accept_old(app, signed_jwt(SECRET), until=END)
    accept_old(app, signed_value(SIGNER, max_age=600, subject=lambda payload: payload[:3]), until=END)
    assert status(app, _forged()[name]) == 401


def test_scopes_come_from_what_the_payload_says(app: Flask) -> None:
    """An old token has no scopes, unless the application says which its payload stands for."""

    def as_scopes(payload: Any) -> list[str]:
        return ["write"] if payload.get("role") == "editor" else []

    accept_old(app, signed_jwt(SECRET, scopes=as_scopes), until=END)
    editor, reader = old_jwt(additional_claims={"role": "editor"}), old_jwt()
    assert (status(app, editor, "/write"), status(app, reader, "/write"), status(app, reader)) == (200, 403, 200)


def test_old_tokens_can_be_revoked(app: Flask) -> None:
    """A change of password ends old tokens too, and so does the id of one."""
    accept_old(app, signed_jwt(SECRET), until=END)
    first, second = old_jwt(), old_jwt()
    with app.app_context():
        guard = Guard()
        identifier = app.test_client().get("/me", headers=bearer(first)).get_json()["id"]
        app.test_cli_runner().invoke(args=["tokens", "revoke", identifier])
        assert status(app, second) == 200
        guard.revoke_subject("ada")
    fresh = Flask("shop", instance_path=app.instance_path)
    Guard(fresh)
    accept_old(fresh, signed_jwt(SECRET), until=END)
    fresh.add_url_rule("/me", "me", dict)
    assert [status(fresh, credential) for credential in (first, second)] == [401, 401]


@pytest.mark.parametrize(
    ("verifier", "until", "message"),
    [
        (lambda: signed_jwt("short"), END, "forged"),
        (lambda: signed_jwt(SECRET, "none"), END, "HS256"),
        (lambda: signed_value(URLSafeTimedSerializer("short"), max_age=60), END, "16 bytes"),
        (lambda: signed_jwt(SECRET), date(2028, 1, 1), "more than a year"),
        (lambda: signed_jwt(SECRET), datetime(2026, 12, 1), "time zone"),
    ],
)
def test_a_change_over_that_is_not_safe(app: Flask, verifier: Callable[[], Verify], until: date, message: str) -> None:
    """A key that can be guessed, no algorithm and no near end are refused at start."""
    with pytest.raises(ConfigurationError, match=message):
        accept_old(app, verifier(), until=until)


def test_without_a_guard() -> None:
    """There is nothing to accept where no guard stands before the application."""
    with pytest.raises(ConfigurationError, match="init_app"):
        accept_old(Flask("bare"), signed_jwt(SECRET), until=END)


# --------------------------------------------------------------------------- through the stand-in


@pytest.fixture
def moved(tmp_path: Path) -> Flask:
    """Return an application on the stand-in that accepts the tokens from before."""
    app = Flask("moved", instance_path=str(tmp_path))
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_ACCEPT_OLD_UNTIL=END)
    shim.JWTManager(app)
    app.add_url_rule("/me", "me", shim.jwt_required()(lambda: shim.get_jwt()))

    @app.post("/refresh")
    @shim.jwt_required(refresh=True)
    def refresh() -> object:
        return {"access_token": shim.create_access_token(shim.get_jwt_identity())}

    return app


def test_nobody_logs_in_again(moved: Flask, clock: time_machine.Coordinates) -> None:
    """Old access and refresh tokens work at their routes with their claims; what is new is the guard's."""
    access, refresh = old_jwt(additional_claims={"team": "blue"}, fresh=True), old_jwt("create_refresh_token")
    client = moved.test_client()
    claims = client.get("/me", headers=bearer(access)).get_json()
    wanted = jwt.decode(access, SECRET, ["HS256"])
    assert claims == {**wanted, "exp": claims["exp"]}
    assert status(moved, refresh) == 422
    renewed = client.post("/refresh", headers=bearer(refresh)).get_json()["access_token"]
    assert renewed.startswith("stop_")
    assert status(moved, renewed) == 200
    assert client.post("/refresh", headers=bearer(access)).status_code == 422
    clock.shift(16 * 60)
    answer = client.get("/me", headers=bearer(access))
    assert (answer.status_code, answer.get_json()) == (401, {"msg": "Token has expired"})


def test_old_refresh_tokens_end_by_themselves(moved: Flask, clock: time_machine.Coordinates) -> None:
    """An old refresh token that has expired is refused, and the audit does not say that it was accepted."""
    refresh = old_jwt("create_refresh_token", expires_delta=timedelta(minutes=10))
    clock.shift(601)
    kept = events(moved)
    answer = moved.test_client().post("/refresh", headers=bearer(refresh))
    assert (answer.status_code, answer.get_json()) == (401, {"msg": "Token has expired"})
    assert [(event.kind, event.reason) for event in kept] == [(audit.Kind.REFUSED, "expired")]


def test_the_end_through_the_stand_in(moved: Flask, clock: time_machine.Coordinates) -> None:
    """After the end, clients learn that their tokens have expired, and so log in again."""
    access, refresh = old_jwt(expires_delta=timedelta(days=60)), old_jwt("create_refresh_token", expires_delta=False)
    assert status(moved, access) == 200
    clock.move_to(AFTER)
    assert status(moved, access) == 401
    answer = moved.test_client().post("/refresh", headers=bearer(refresh))
    assert (answer.status_code, answer.get_json()) == (401, {"msg": "Token has expired"})


def test_without_a_date_there_are_no_old_tokens(tmp_path: Path) -> None:
    """Without the key for it, old tokens are none of this application, and those who have them log in again."""
    app = Flask("moved", instance_path=str(tmp_path))
    app.config["JWT_SECRET_KEY"] = SECRET
    shim.JWTManager(app)
    app.add_url_rule("/me", "me", shim.jwt_required()(dict))
    assert status(app, old_jwt()) == 422
