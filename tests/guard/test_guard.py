"""Issuing, requiring and refusing: the guard as an application uses it."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from pathlib import Path

import pytest
import time_machine
from flask import Blueprint, Flask, request
from flask.testing import FlaskClient
from flask.views import MethodView
from werkzeug.exceptions import HTTPException

from stopper.guard import (
    ConfigurationError,
    Guard,
    InsufficientScope,
    Refusal,
    current_token,
)
from stopper.guard.gate import Gate
from stopper.guard.store import StoreError
from tests.guard.conftest import MakeApp


def bearer(token: str) -> dict[str, str]:
    """Return the headers that present a token."""
    return {"Authorization": f"Bearer {token}"}


def test_a_token_that_was_issued_opens_the_door(client: FlaskClient, token: str) -> None:
    """A token from `issue` is accepted, and the view sees subject and claims."""
    answer = client.get("/me", headers=bearer(token))
    assert answer.status_code == 200
    assert answer.json == {"user": "alice", "shop": 7}


def test_the_answer_that_hands_out_a_token(client: FlaskClient) -> None:
    """B07 B11 B14: a token answer has token_type, expires_in and scope, and is neither cached nor sniffed."""
    answer = client.post("/login")
    assert answer.json is not None
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 3600
    assert answer.json["scope"] == "read"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_answers_to_tokens_are_not_stored_by_caches(client: FlaskClient, token: str) -> None:
    """B08: an answer to a request with a token is no-store unless the view says otherwise."""
    assert client.get("/me", headers=bearer(token)).headers["Cache-Control"] == "no-store"
    assert "Cache-Control" not in client.get("/greeting").headers


def test_every_issue_makes_another_token(client: FlaskClient) -> None:
    """G04 S07: no token is handed out twice."""
    issued = {client.post("/login").json["access_token"] for _ in range(50)}  # type: ignore[index]
    assert len(issued) == 50


def test_without_a_token_the_challenge_has_no_error(client: FlaskClient) -> None:
    """B05: a call without a credential gets 401 and a challenge with realm and without an error code."""
    answer = client.get("/me")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api", scope="read"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("wrong", ["x", "eyJhbGciOiJub25lIn0.e30.", "stop_" + "a" * 43 + "_000000"])
def test_a_wrong_token_is_told_apart_from_none(client: FlaskClient, wrong: str) -> None:
    """B05 L07: a wrong token gets 401 with invalid_token, and the answer holds no part of it."""
    answer = client.get("/me", headers=bearer(wrong))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert wrong not in answer.text or len(wrong) < 3


def test_a_missing_scope_is_forbidden(client: FlaskClient, token: str) -> None:
    """B06: a good token without the scope gets 403, insufficient_scope and the scope that is missing."""
    answer = client.get("/admin", headers=bearer(token))
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert 'scope="admin"' in answer.headers["WWW-Authenticate"]


def test_a_forgotten_decorator_is_a_refusal(client: FlaskClient, token: str) -> None:
    """A route that declares nothing needs a token by default."""
    assert client.get("/forgotten").status_code == 401
    assert client.get("/forgotten", headers=bearer(token)).status_code == 200


def test_declare_refuses_to_serve_an_undeclared_route(make_app: MakeApp, token: str) -> None:
    """With `default="declare"` an undeclared route answers 500 even to a good token, declared ones work."""
    client = make_app("declare").test_client()
    assert client.get("/forgotten", headers=bearer(token)).status_code == 500
    assert client.get("/me", headers=bearer(token)).status_code == 200


def test_open_protects_only_what_asks_for_it(make_app: MakeApp) -> None:
    """With `default="open"` an undeclared route is public and a declared one is not."""
    client = make_app("open").test_client()
    assert client.get("/forgotten").status_code == 200
    assert client.get("/me").status_code == 401


def test_an_unknown_default_is_refused() -> None:
    """A misspelt default does not fall back to another one."""
    with pytest.raises(ConfigurationError):
        Guard(default="opne")  # type: ignore[arg-type]


def test_static_files_are_public(client: FlaskClient, tmp_path: Path) -> None:
    """Flask's static endpoint needs no token; a view that is called `static` does."""
    (tmp_path / "site.css").write_text("body {}")
    assert client.get("/static/site.css").status_code == 200


def test_a_view_named_static_is_no_static_file(tmp_path: Path) -> None:
    """Only Flask's own view is exempt, whatever a route is called."""
    app = Flask("shop", instance_path=str(tmp_path), static_folder=None)
    Guard(app)
    app.add_url_rule("/files/<filename>", "static", lambda filename: filename)
    assert app.test_client().get("/files/x").status_code == 401


def test_preflight_is_public_and_an_own_options_view_is_not(app: Flask) -> None:
    """Flask's automatic OPTIONS answer needs no token; a view that handles OPTIONS itself does (V38)."""
    app.add_url_rule("/own", "own", lambda: "own", methods=["GET", "OPTIONS"])
    client = app.test_client()
    assert client.options("/me").status_code == 200
    assert client.options("/own").status_code == 401


def test_head_is_guarded_like_get(client: FlaskClient) -> None:
    """V38: HEAD does not pass where GET is refused."""
    assert client.head("/me").status_code == 401


@pytest.mark.parametrize("path", ["/me/", "//me", "/ME", "/./me", "/me%2f", "/me;x", "/%6de"])
def test_other_spellings_of_a_path_do_not_pass(client: FlaskClient, path: str) -> None:
    """V38: no spelling of a path reaches a protected view without a token."""
    assert client.get(path).status_code in (308, 401, 404)
    assert client.get(path, follow_redirects=True).status_code in (401, 404)


def test_optional_lets_in_without_but_not_with_a_bad_token(client: FlaskClient, token: str) -> None:
    """`optional` serves callers without a token, knows those with one, and refuses a wrong one."""
    assert client.get("/greeting").json == {"user": None}
    assert client.get("/greeting", headers=bearer(token)).json == {"user": "alice"}
    assert client.get("/greeting", headers=bearer("wrong")).status_code == 401


def test_decorators_work_above_and_below_the_route(tmp_path: Path) -> None:
    """The order of `route` and `require` does not matter: both routes refuse."""
    app = Flask("shop", instance_path=str(tmp_path))
    guard = Guard(app, default="open")

    @guard.require("read")
    @app.get("/above")
    def above() -> str:
        return "above"

    @app.get("/below")
    @guard.require
    def below() -> str:
        return "below"

    client = app.test_client()
    assert client.get("/above").status_code == 401
    assert client.get("/below").status_code == 401


def test_a_second_different_declaration_is_an_error(tmp_path: Path) -> None:
    """A view that says both public and require is refused when it is written, not served as one of them."""
    guard = Guard()
    with pytest.raises(ConfigurationError):
        guard.public(guard.require("read")(lambda: "x"))


def test_view_classes_and_their_methods(tmp_path: Path) -> None:
    """MethodView: a class, one method of it, and `decorators` may each declare."""
    app = Flask("shop", instance_path=str(tmp_path))
    guard = Guard(app, default="open")

    class Orders(MethodView):
        def get(self) -> str:
            return "orders"

        @guard.require("write")
        def post(self) -> str:
            return "made"

    @guard.require
    class Users(MethodView):
        def get(self) -> str:
            return "users"

        @guard.public
        def post(self) -> str:
            return "made"

    class Carts(MethodView):
        decorators = (guard.require("carts"),)

        def get(self) -> str:
            return "carts"

    app.add_url_rule("/orders", view_func=Orders.as_view("orders"))
    app.add_url_rule("/users", view_func=Users.as_view("users"))
    app.add_url_rule("/carts", view_func=Carts.as_view("carts"))
    client = app.test_client()
    assert client.get("/orders").status_code == 200
    assert client.post("/orders").status_code == 401
    assert client.get("/users").status_code == 401
    assert client.head("/users").status_code == 401
    assert client.post("/users").status_code == 200
    assert 'scope="carts"' in client.get("/carts").headers["WWW-Authenticate"]


def test_blueprints_declare_for_their_routes(tmp_path: Path) -> None:
    """A blueprint's rule holds for its routes and nested blueprints unless they say otherwise."""
    app = Flask("shop", instance_path=str(tmp_path))
    guard = Guard(app)
    outer = guard.require("orders")(Blueprint("orders", __name__))
    inner = Blueprint("lines", __name__)
    outer.add_url_rule("/orders", "list", lambda: "orders")
    outer.add_url_rule("/orders/open", "open", guard.public(lambda: "open"))
    inner.add_url_rule("/lines", "list", lambda: "lines")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    client = app.test_client()
    assert 'scope="orders"' in client.get("/orders").headers["WWW-Authenticate"]
    assert 'scope="orders"' in client.get("/lines").headers["WWW-Authenticate"]
    assert client.get("/orders/open").status_code == 200


def test_a_view_that_calls_another_is_held_to_its_rule(app: Flask) -> None:
    """A public view that calls a protected one does not open it."""
    guard = Guard()

    @guard.require("read")
    def inner() -> str:
        return "inner"

    @app.get("/outer")
    @guard.public
    def outer() -> str:
        return inner()

    answer = app.test_client().get("/outer")
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


def test_a_guard_that_was_never_attached_does_not_serve(tmp_path: Path) -> None:
    """V37: a protected view in an application without `init_app` is an error and not a hole."""
    app = Flask("shop")
    guard = Guard()
    app.add_url_rule("/me", "me", guard.require("read")(lambda: "me"))
    assert app.test_client().get("/me").status_code == 500


def test_async_views_are_guarded_and_served(app: Flask, token: str) -> None:
    """An async view keeps being one under the decorator, whether or not Flask's async extra is installed."""
    guard = Guard()

    @guard.require("read")
    async def view() -> str:
        return "async"

    assert asyncio.iscoroutinefunction(view)
    with app.test_request_context("/me", base_url="https://x", headers=bearer(token)):
        app.preprocess_request()
        assert asyncio.run(view()) == "async"


def test_an_expired_token_is_refused(client: FlaskClient, token: str) -> None:
    """V12: a token stops after its hour, also where the process remembers it."""
    assert client.get("/me", headers=bearer(token)).status_code == 200
    with time_machine.travel(time.time() + 3601):
        answer = client.get("/me", headers=bearer(token))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_lifetime_can_be_shortened_but_not_stretched(app: Flask) -> None:
    """V14: the configured lifetime is an upper bound."""
    guard = Guard()
    with app.app_context():
        assert guard.issue("u", lifetime=60)["expires_in"] == 60
        assert guard.issue("u", lifetime=99999)["expires_in"] == 3600


def test_tokens_are_kept_as_digests_only(client: FlaskClient, token: str, tmp_path: Path) -> None:
    """S01: no byte of a token stands in the store's files."""
    client.get("/me", headers=bearer(token))
    for path in tmp_path.glob("stopper.db*"):
        data = path.read_bytes()
        assert token.encode() not in data
        assert token.split("_")[1].encode() not in data
    assert (tmp_path / "stopper.db").stat().st_mode & 0o777 == 0o600


def test_tokens_have_256_bits_prefix_and_checksum(token: str) -> None:
    """G01 G02 G17: a token can be recognised by prefix and checksum, and its body has 43 digits of base 62."""
    assert re.fullmatch(r"stop_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", token)


def test_noise_is_refused_without_asking_the_store(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 87: a token with a wrong checksum never reaches the store."""
    gate = app.extensions["stopper"]
    assert isinstance(gate, Gate)
    monkeypatch.setattr(gate.tokens.store, "find", lambda digest: pytest.fail("the store was asked"))
    assert app.test_client().get("/me", headers=bearer("stop_" + "a" * 43 + "_000000")).status_code == 401


def test_a_store_that_fails_lets_nobody_through(app: Flask, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """V37 S14, faults 80 and 81: with the store away a good token gets 503 and no word of the reason."""

    def fail(digest: bytes) -> None:
        raise StoreError("the token store failed: OperationalError")

    monkeypatch.setattr(app.extensions["stopper"].tokens.store, "find", fail)
    answer = app.test_client().get("/me", headers=bearer(token))
    assert answer.status_code == 503
    assert "Operational" not in answer.text


def test_a_database_that_cannot_be_opened_is_503(make_app: MakeApp, token: str, tmp_path: Path) -> None:
    """Fault 80: a broken database file is a refusal with 503, and the process goes on."""
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 100)
    client = make_app(store=f"sqlite:///{broken}").test_client()
    assert client.get("/me", headers=bearer(token)).status_code == 503
    assert client.get("/health").status_code == 200


def test_a_taken_id_makes_another_token(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 84: where a token's id is taken already, another token is made."""
    guard = Guard()
    with app.app_context():
        first = guard.issue("u")["access_token"]
        candidates = iter([first, "stop_" + "b" * 43 + "_000000"])
        monkeypatch.setattr("stopper.guard.opaque.generate", lambda prefix: next(candidates))
        assert guard.issue("u")["access_token"].startswith("stop_bbb")


def test_two_processes_share_tokens(app: Flask, make_app: MakeApp, token: str) -> None:
    """A token issued by one process is known to another on the same database."""
    assert make_app().test_client().get("/me", headers=bearer(token)).status_code == 200


def test_many_threads_at_first_use(make_app: MakeApp) -> None:
    """Sixteen first requests at once make one store and all succeed."""
    client_app = make_app()
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(client_app.test_client().post("/login").status_code))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 16


def test_an_application_may_render_refusals_but_not_turn_them_around(app: Flask) -> None:
    """An error handler chooses the body; status, challenge and no-store stay."""

    @app.errorhandler(HTTPException)
    def render(error: HTTPException) -> object:
        return {"problem": error.description}

    answer = app.test_client().get("/me")
    assert answer.status_code == 401
    assert answer.json == {"problem": "A bearer token is needed."}
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_hook_of_the_application_runs_for_a_refused_request(app: Flask) -> None:
    """The guard stands before all hooks, registered earlier or later, put first of all, or for the URL's values."""
    seen: list[str] = []
    app.before_request(lambda: seen.append(request.path))
    app.before_request_funcs[None].insert(0, lambda: seen.append("put first"))
    app.url_value_preprocessor(lambda endpoint, values: seen.append("values"))
    app.test_client().get("/me")
    assert seen == []


def test_a_missing_route_stays_404(client: FlaskClient) -> None:
    """A path that does not exist is not found, with or without a token."""
    assert client.get("/nowhere").status_code == 404
    assert client.delete("/me").status_code == 405


def test_current_token_is_false_outside(app: Flask) -> None:
    """`current_token` is false and cannot be read where no token was verified."""
    assert not current_token
    with pytest.raises(RuntimeError):
        _ = current_token.subject


@pytest.mark.parametrize("subject", [None, "", True])
def test_a_token_needs_a_subject(app: Flask, subject: object) -> None:
    """V30: nobody's token is not issued."""
    with app.app_context(), pytest.raises(ValueError, match="subject"):
        Guard().issue(subject)


@pytest.mark.parametrize("scopes", [("a b",), ('a"b',), ("",), ("é",)])
def test_scopes_keep_to_the_grammar(app: Flask, scopes: tuple[str, ...]) -> None:
    """RFC 6749 §3.3: a scope that could not stand in a header is refused when it is written."""
    with app.app_context(), pytest.raises(ValueError, match="scope"):
        Guard().issue("u", scopes)


def test_a_single_text_is_no_list_of_scopes(app: Flask) -> None:
    """`scopes="read"` would mean r, e, a and d; it is an error."""
    with app.app_context(), pytest.raises(TypeError):
        Guard().issue("u", "read")


def test_an_unknown_setting_names_the_nearest() -> None:
    """A misspelt key stops the application with the key that was probably meant."""
    app = Flask("shop")
    app.config["STOPPER_TRUSTED_PROXY"] = ["127.0.0.1"]
    with pytest.raises(ConfigurationError, match="STOPPER_TRUSTED_PROXIES"):
        Guard(app)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("STOPPER_TRUSTED_PROXIES", "127.0.0.1"),
        ("STOPPER_TRUSTED_PROXIES", ["proxy.internal"]),
        ("STOPPER_TRUSTED_PROXIES", 7),
        ("STOPPER_AUDIENCES", 7),
        ("STOPPER_PROXY_HEADER", "X-Real-Proto"),
        ("STOPPER_DEV_HTTP", "1"),
        ("STOPPER_ACCESS_LIFETIME", 0),
        ("STOPPER_ACCESS_LIFETIME", True),
        ("STOPPER_TOKEN_PREFIX", "My Shop"),
        ("STOPPER_REALM", 'a"b'),
        ("STOPPER_HSTS", "max-age=1\r\nX: y"),
        ("STOPPER_STORE", None),
    ],
)
def test_a_wrong_value_stops_the_application(key: str, value: object) -> None:
    """A value of the wrong kind is an error at start that names its key."""
    app = Flask("shop")
    app.config[key] = value
    with pytest.raises(ConfigurationError, match=key):
        Guard(app)


def test_guarding_twice_is_an_error(app: Flask) -> None:
    """A second guard on one application is refused."""
    with pytest.raises(ConfigurationError):
        Guard(app)


def test_refusals_are_http_exceptions_of_one_base() -> None:
    """An application can catch every refusal by one class."""
    assert issubclass(InsufficientScope, Refusal)
    assert issubclass(Refusal, HTTPException)
