"""What was not safe in Flask-JWT-Extended is refused, with the safe way named; and the page lists each refusal."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask_jwt_extended
import pytest
from flask import Flask

from stopper.guard import ConfigurationError, Guard, current_token
from stopper.guard.compat import flask_jwt_extended as shim
from stopper.guard.compat.flask_jwt_extended.configuration import COOKIES, DEFAULTS, REFUSED
from stopper.guard.compat.flask_jwt_extended.exceptions import ExpiredTokenError, JWTDecodeError
from tests.guard.migration.before_and_after import bearer

PAGE = Path(__file__).parents[3] / "docs" / "guard" / "migrating" / "flask-jwt-extended.md"

VALUES: dict[str, list[Any]] = {
    "JWT_TOKEN_LOCATION": ["query_string", ["headers", "query_string"], ["cookies"], ("headers", "json"), []],
    "JWT_HEADER_NAME": ["X-Token"],
    "JWT_HEADER_TYPE": ["", "JWT"],
    "JWT_ALGORITHM": ["none", "None"],
    "JWT_DECODE_ALGORITHMS": [["HS256", "none"]],
    "JWT_SECRET_KEY": ["super-secret", b"short"],
    "JWT_DECODE_LEEWAY": [121, timedelta(hours=1)],
    "JWT_VERIFY_SUB": [False],
    "JWT_COOKIE_CSRF_PROTECT": [False],
    "JWT_COOKIE_SECURE": [False],
    "JWT_PRIVATE_KEY": ["-----BEGIN PRIVATE KEY-----"],
    "JWT_PUBLIC_KEY": ["-----BEGIN PUBLIC KEY-----"],
    "JWT_ENCODE_ISSUER": ["shop"],
    "JWT_DECODE_ISSUER": ["shop"],
    "JWT_ENCODE_AUDIENCE": ["shop"],
    "JWT_DECODE_AUDIENCE": ["shop"],
    "STOPPER_TOKEN_FORMAT": ["jwt"],
    "JWT_ACCESS_TOKEN_EXPIRES": [False, timedelta(days=30), timedelta(0), 0, None, "1h"],
    "JWT_REFRESH_TOKEN_EXPIRES": [False, timedelta(days=4000)],
    "JWT_ACCEPT_OLD_UNTIL": ["2027-01-01", True],
}


def made(tmp_path: Path, **config: Any) -> Flask:
    """Return an application on the stand-in."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.update(config)
    shim.JWTManager(app)
    return app


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in VALUES.items() for value in values])
def test_a_key_that_is_not_safe(tmp_path: Path, key: str, value: Any) -> None:
    """The application does not start, and the message names the key and no secret."""
    with pytest.raises(ConfigurationError, match=key) as refused:
        made(tmp_path, **{key: value})
    assert "super-secret" not in str(refused.value)


@pytest.mark.parametrize(
    "config",
    [
        {"JWT_TOKEN_LOCATION": "headers", "JWT_HEADER_NAME": "Authorization", "JWT_HEADER_TYPE": "Bearer"},
        {"JWT_ALGORITHM": "HS512", "JWT_DECODE_LEEWAY": 10, "JWT_SECRET_KEY": "k" * 32, "JWT_COOKIE_SECURE": True},
        {"JWT_ACCESS_TOKEN_EXPIRES": 600, "JWT_REFRESH_TOKEN_EXPIRES": timedelta(days=90), "JWT_PUBLIC_KEY": None},
    ],
)
def test_a_safe_configuration(tmp_path: Path, config: dict[str, Any]) -> None:
    """What is safe starts as it is, and tokens are handed out."""
    with made(tmp_path, **config).app_context():
        assert shim.decode_token(shim.create_access_token("ada"))["sub"] == "ada"


def test_every_refusal_is_shown_and_listed() -> None:
    """Each key that is refused has a value here and a row on the page, and the page has no other."""
    listed = set(
        re.findall(r"^\| `((?:JWT|STOPPER)_\w+)`", PAGE.read_text("utf-8").split("## What is refused")[1], re.M)
    )
    assert {key for key, _, _ in REFUSED} <= VALUES.keys()
    assert listed == VALUES.keys()


@pytest.mark.parametrize(
    ("key", "value"),
    [("JWT_TOKEN_LOCATION", "cookies"), ("JWT_COOKIE_CSRF_PROTECT", False), ("JWT_COOKIE_SECURE", False)],
)
def test_a_refused_cookie_names_the_page(tmp_path: Path, key: str, value: object) -> None:
    """Who kept tokens in cookies learns of the key, and of the page that says what browsers do instead."""
    with pytest.raises(ConfigurationError, match=f"^{key}: .*{re.escape(COOKIES)}"):
        made(tmp_path, **{key: value})
    assert PAGE.parents[3].joinpath(COOKIES).is_file()
    for refused in ("locations", "csrf_value", "set_access_cookies", "set_refresh_cookies", "get_csrf_token"):
        with pytest.raises(ConfigurationError, match=re.escape(COOKIES)):
            CALLS[refused]()


CALLS: dict[str, Callable[[], object]] = {
    "locations": lambda: shim.jwt_required(locations=["query_string"]),
    "verify_type": lambda: shim.jwt_required(verify_type=False),
    "skip_revocation_check": lambda: shim.jwt_required(skip_revocation_check=True),
    "expires_delta": lambda: shim.create_access_token("ada", expires_delta=False),  # type: ignore[arg-type]
    "JWT_ACCESS_TOKEN_EXPIRES": lambda: shim.create_access_token("ada", expires_delta=timedelta(hours=2)),
    "JWT_REFRESH_TOKEN_EXPIRES": lambda: shim.create_refresh_token("ada", expires_delta=timedelta(days=60)),
    "additional_headers": lambda: shim.create_access_token("ada", additional_headers={}),  # type: ignore[arg-type]
    "allow_expired": lambda: shim.decode_token("x", allow_expired=True),
    "csrf_value": lambda: shim.decode_token("x", csrf_value="y"),  # type: ignore[arg-type]
    "get_unverified_jwt_headers": lambda: shim.get_unverified_jwt_headers("x"),
    "set_access_cookies": lambda: shim.set_access_cookies(None, "x"),
    "set_refresh_cookies": lambda: shim.set_refresh_cookies(None, "x"),
    "get_csrf_token": lambda: shim.get_csrf_token("x"),
    "encode_key_loader": lambda: shim.JWTManager().encode_key_loader(str),
    "decode_key_loader": lambda: shim.JWTManager().decode_key_loader(str),
    "additional_headers_loader": lambda: shim.JWTManager().additional_headers_loader(dict),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_is_not_safe(tmp_path: Path, name: str) -> None:
    """The call raises, says what to do instead, and the page lists it."""
    app = made(tmp_path)
    with (
        app.app_context(),
        pytest.raises(ConfigurationError, match="cookies" if "cookies" in name or "csrf" in name else name),
    ):
        CALLS[name]()
    assert f"`{name}" in PAGE.read_text("utf-8").split("## What is refused")[1]


@pytest.mark.parametrize("identity", [7, None, b"ada", {"id": 1}])
def test_an_identity_that_is_no_text(tmp_path: Path, identity: Any) -> None:
    """Where Flask-JWT-Extended hands out a token that it refuses later, no token is handed out."""
    with made(tmp_path).app_context(), pytest.raises(TypeError, match="user_identity_loader"):
        shim.create_access_token(identity)


@pytest.mark.parametrize("claim", ["fresh", "type", "sub", "exp", "jti", "aud"])
def test_a_claim_with_a_meaning_of_its_own(tmp_path: Path, claim: str) -> None:
    """Additional claims cannot make a token fresh, immortal or somebody else's."""
    with made(tmp_path).app_context(), pytest.raises(ValueError, match=claim):
        shim.create_access_token("ada", additional_claims={claim: True})


def test_a_key_that_is_set_too_late(tmp_path: Path) -> None:
    """A key that is set after the manager would have no effect, so no token is handed out."""
    app = made(tmp_path)
    app.config["JWT_ACCESS_TOKEN_EXPIRES"] = 60
    with app.app_context(), pytest.raises(ConfigurationError, match="before"):
        shim.create_access_token("ada")


def test_what_applications_read_and_import(tmp_path: Path) -> None:
    """Keys that an application does not set have Flask-JWT-Extended's values, and its module names lead here."""
    plain, shimmed = Flask("plain"), made(tmp_path)
    flask_jwt_extended.JWTManager(plain)
    assert {key: plain.config[key] for key in DEFAULTS} == DEFAULTS
    assert {key: shimmed.config[key] for key in DEFAULTS} == DEFAULTS
    for name in ("utils", "view_decorators", "jwt_manager", "exceptions"):
        theirs = importlib.import_module(f"flask_jwt_extended.{name}")
        ours = importlib.import_module(f"stopper.guard.compat.flask_jwt_extended.{name}")
        made_there = {key for key, value in vars(theirs).items() if getattr(value, "__module__", "") == theirs.__name__}
        wanted = made_there if name == "exceptions" else made_there & vars(flask_jwt_extended).keys()
        assert wanted
        assert wanted <= vars(ours).keys()


def test_a_message_s_key_may_be_set_late(tmp_path: Path) -> None:
    """The key of messages is read when a request is refused, as before."""
    app = made(tmp_path)
    app.add_url_rule("/me", "me", shim.jwt_required()(dict))
    app.config["JWT_ERROR_MESSAGE_KEY"] = "message"
    assert app.test_client().get("/me").get_json() == {"message": "Missing Authorization Header"}


def test_two_credentials_in_one_header(tmp_path: Path) -> None:
    """A header with several credentials is refused, of which another server might have read the other."""
    app = made(tmp_path)
    app.add_url_rule("/me", "me", shim.jwt_required()(dict))
    with app.app_context():
        token = shim.create_access_token("ada")
    for header in (f"Bearer {token}, Basic YTpi", f"Basic YTpi, Bearer {token}", f"Bearer {token},"):
        assert app.test_client().get("/me", headers={"Authorization": header}).status_code in (401, 422)
    assert "several credentials" in PAGE.read_text("utf-8")


def test_the_transport_is_guarded(tmp_path: Path) -> None:
    """Plain HTTP, a token in the URL and a debugger's remote peers are refused as everywhere behind the guard."""
    app = made(tmp_path, STOPPER_REALM="shop")
    app.add_url_rule("/me", "me", shim.jwt_required()(lambda: {"who": current_token.subject}))
    app.add_url_rule("/login", "login", lambda: {"access_token": shim.create_access_token("ada")})
    client = app.test_client()
    login = client.get("/login")
    token = login.get_json()["access_token"]
    answer = client.get("/me", headers=bearer(token))
    assert (answer.get_json(), answer.headers["Cache-Control"]) == ({"who": "ada"}, "no-store")
    assert login.headers["Cache-Control"] == "no-store"
    assert client.get("/me", headers=bearer(token), base_url="http://localhost").status_code == 403
    assert client.get(f"/me?access_token={token}").status_code == 400
    refused = client.get("/me")
    assert refused.headers["Cache-Control"] == "no-store"
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="shop"'
    assert client.get("/me", headers=bearer(token + "x")).status_code == 422


def test_refusals_are_told_to_the_audit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The audit learns of each refused token, and no log of the token."""
    app = made(tmp_path)
    app.add_url_rule("/me", "me", shim.jwt_required()(dict))
    with app.app_context():
        refresh = shim.create_refresh_token("ada")
    with caplog.at_level("INFO"):
        assert app.test_client().get("/me", headers=bearer(refresh)).status_code == 422
        assert app.test_client().get("/me", headers=bearer("garbage-of-some-kind")).status_code == 422
    assert [line.message.count("refused") for line in caplog.records if line.name == "stopper.audit"] == [1, 1]
    assert refresh not in caplog.text
    assert "garbage-of-some-kind" not in caplog.text


def test_revocation_by_the_guard(tmp_path: Path) -> None:
    """What the guard revokes is refused in the words that clients know: an access token and a refresh token."""
    app = made(tmp_path)
    app.add_url_rule("/me", "me", shim.jwt_required()(dict))
    app.add_url_rule("/refresh", "refresh", shim.jwt_required(refresh=True)(dict))
    with app.app_context():
        access, refresh = shim.create_access_token("ada"), shim.create_refresh_token("ada")
        Guard().revoke_subject("ada")
    for path, token in (("/me", access), ("/refresh", refresh)):
        answer = app.test_client().get(path, headers=bearer(token))
        assert (answer.status_code, answer.get_json()) == (401, {"msg": "Token has been revoked"})


def test_decoding(tmp_path: Path) -> None:
    """Tokens are read after they were verified: a refresh token too, a purged one as expired, noise as nothing."""
    app = made(tmp_path)
    with app.app_context():
        refresh = shim.create_refresh_token("ada")
        assert shim.decode_token(refresh)["type"] == "refresh"
        for noise in ("noise", "two words", "", "ü"):
            with pytest.raises(JWTDecodeError):
                shim.decode_token(noise)
        access = shim.create_access_token("ada")
    elsewhere = made(tmp_path / "elsewhere")
    with elsewhere.app_context(), pytest.raises(ExpiredTokenError):
        shim.decode_token(access)


def test_cookies_from_before_are_deleted(tmp_path: Path) -> None:
    """A logout can still delete the cookies that browsers have from before."""
    app = made(tmp_path, JWT_ACCESS_COOKIE_NAME="mine")
    with app.app_context():
        response = app.make_response("bye")
        shim.unset_jwt_cookies(response)
    deleted = {header.split("=")[0] for header in response.headers.getlist("Set-Cookie") if "Max-Age=0" in header}
    assert deleted == {"mine", "csrf_access_token", "refresh_token_cookie", "csrf_refresh_token"}


def test_going_on_with_the_guard(tmp_path: Path) -> None:
    """The manager's guard protects routes beside the old ones, and takes the same tokens."""
    app = Flask("shop", instance_path=str(tmp_path))
    jwt = shim.JWTManager(app)
    app.add_url_rule("/new", "new", jwt.guard.require()(lambda: {"who": current_token.subject}))
    with app.app_context():
        token, refresh = shim.create_access_token("ada"), shim.create_refresh_token("ada")
        assert jwt.guard.renew(refresh)["refresh_token"]
    assert app.test_client().get("/new", headers=bearer(token)).get_json() == {"who": "ada"}
    assert app.test_client().get("/new").status_code == 401
