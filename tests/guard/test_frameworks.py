# mypy: disable-error-code="untyped-decorator"
"""The guard in applications as people build them: factories, blueprints, view classes, async views, API frameworks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from flask.views import MethodView, View
from werkzeug.middleware.proxy_fix import ProxyFix

from stopper.guard import Guard, current_token
from stopper.guard.store import StoreError
from stopper.io import app_runner

REASON = "of the dev extra: run make setup"
flask_restx = pytest.importorskip("flask_restx", reason=REASON)
flask_smorest = pytest.importorskip("flask_smorest", reason=REASON)
apiflask = pytest.importorskip("apiflask", reason=REASON)
marshmallow = pytest.importorskip("marshmallow", reason=REASON)
pytest.importorskip("asgiref", reason=REASON)

Build = Callable[[Flask, Guard], None]


class Answer(marshmallow.Schema):  # type: ignore[misc, name-defined]
    """What every route answers."""

    who = marshmallow.fields.String(allow_none=True)


def who() -> dict[str, object]:
    """Return whose token the request carries, as every route of these applications does."""
    return {"who": current_token.subject if current_token else None}


def plain(app: Flask, guard: Guard) -> None:
    """Make the routes with Flask alone."""
    app.add_url_rule("/undeclared", "undeclared", lambda: who())
    app.add_url_rule("/required", "required", guard.require("read")(lambda: who()))
    app.add_url_rule("/public", "public", guard.public(lambda: who()))


def blueprints(app: Flask, guard: Guard) -> None:
    """Make the routes on a blueprint within a blueprint."""
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    inner.add_url_rule("/undeclared", "undeclared", lambda: who())
    inner.add_url_rule("/required", "required", guard.require("read")(lambda: who()))
    inner.add_url_rule("/public", "public", guard.public(lambda: who()))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)


def view_classes(app: Flask, guard: Guard) -> None:
    """Make the routes with MethodView and View."""

    class Undeclared(MethodView):
        def get(self) -> Any:
            return who()

    class Required(MethodView):
        @guard.require("read")
        def get(self) -> Any:
            return who()

    @guard.public
    class Public(View):
        def dispatch_request(self) -> Any:
            return who()

    for view in (Undeclared, Required, Public):
        app.add_url_rule(f"/{view.__name__.lower()}", view_func=view.as_view(view.__name__))


def async_views(app: Flask, guard: Guard) -> None:
    """Make the routes with async functions, which Flask runs through asgiref."""

    @app.get("/undeclared")
    async def undeclared() -> Any:
        return who()

    @app.get("/required")
    @guard.require("read")
    async def required() -> Any:
        return who()

    @app.get("/public")
    @guard.public
    async def public() -> Any:
        return who()


def restx(app: Flask, guard: Guard) -> None:
    """Make the routes with resources of Flask-RESTX."""
    api = flask_restx.Api(app)

    @api.route("/undeclared")
    class Undeclared(flask_restx.Resource):  # type: ignore[misc, name-defined]
        def get(self) -> Any:
            return who()

    @api.route("/required")
    class Required(flask_restx.Resource):  # type: ignore[misc, name-defined]
        @guard.require("read")
        def get(self) -> Any:
            return who()

    @api.route("/public")
    @guard.public
    class Public(flask_restx.Resource):  # type: ignore[misc, name-defined]
        def get(self) -> Any:
            return who()


def smorest(app: Flask, guard: Guard) -> None:
    """Make the routes with a blueprint of flask-smorest, functions and classes."""
    app.config.update(API_TITLE="shop", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    api = flask_smorest.Api(app)
    blueprint = flask_smorest.Blueprint("shop", __name__)

    @blueprint.route("/undeclared")
    @blueprint.response(200, Answer)
    def undeclared() -> Any:
        return who()

    @blueprint.route("/required")
    class Required(MethodView):
        @blueprint.response(200, Answer)
        @guard.require("read")
        def get(self) -> Any:
            return who()

    @blueprint.route("/public")
    @guard.public
    @blueprint.response(200, Answer)
    def public() -> Any:
        return who()

    api.register_blueprint(blueprint)


def api_flask(app: Flask, guard: Guard) -> None:
    """Make the routes with APIFlask's decorators."""
    assert isinstance(app, apiflask.APIFlask)

    @app.get("/undeclared")
    @app.output(Answer)
    def undeclared() -> Any:
        return who()

    @app.get("/required")
    @app.output(Answer)
    @guard.require("read")
    def required() -> Any:
        return who()

    @app.get("/public")
    @guard.public
    @app.output(Answer)
    def public() -> Any:
        return who()


WAYS: dict[str, Build] = {
    build.__name__: build for build in (plain, blueprints, view_classes, async_views, restx, smorest, api_flask)
}


def built(way: str, tmp_path: Path, *, early: bool, default: Any = "require") -> tuple[FlaskClient, dict[str, str]]:
    """Return a client of an application whose guard is attached before or after its routes, and alice's headers."""
    make = apiflask.APIFlask if way == "api_flask" else Flask
    app = make("shop", instance_path=str(tmp_path))
    guard = Guard(default=default)
    if early:
        guard.init_app(app)
    WAYS[way](app, guard)
    if not early:
        guard.init_app(app)
    with app.app_context():
        token = guard.issue("alice", ("read",))["access_token"]
    return app.test_client(), {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_everything_is_protected_by_default(way: str, early: bool, tmp_path: Path) -> None:
    """B16 V37: with `require`, in every framework, only what is public answers without a token."""
    client, alice = built(way, tmp_path, early=early)
    for path in ("/undeclared", "/required"):
        refused = client.get(path)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith('Bearer realm="api"')
        assert refused.headers["Cache-Control"] == "no-store"
        assert client.get(path, headers=alice).get_json() == {"who": "alice"}
        assert client.head(path).status_code == 401
        assert client.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/public").get_json() == {"who": None}
    assert client.get("/public", headers=alice).status_code == 200


@pytest.mark.parametrize("way", WAYS)
def test_open_protects_by_decorator(way: str, tmp_path: Path) -> None:
    """B16: with `open`, in every framework, the decorated route alone needs a token, and its scope."""
    client, alice = built(way, tmp_path, early=True, default="open")
    assert client.get("/undeclared").status_code == 200
    assert client.get("/public").status_code == 200
    assert 'scope="read"' in client.get("/required").headers["WWW-Authenticate"]
    assert client.get("/required", headers=alice).get_json() == {"who": "alice"}


@pytest.mark.parametrize("way", WAYS)
def test_declare_refuses_what_says_nothing(way: str, tmp_path: Path) -> None:
    """B16: with `declare`, in every framework, an undeclared route is an error of the server, to everybody."""
    client, alice = built(way, tmp_path, early=True, default="declare")
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    assert client.get("/undeclared").status_code == 500
    assert client.get("/undeclared", headers=alice).status_code == 500
    assert client.get("/required", headers=alice).status_code == 200
    assert client.get("/public").status_code == 200


@pytest.mark.parametrize("way", WAYS)
def test_a_missing_scope_is_told_in_every_framework(way: str, tmp_path: Path) -> None:
    """B06: a framework's own error handling leaves status and challenge of a refusal as they are."""
    client, _ = built(way, tmp_path, early=True)
    with client.application.app_context():
        token = Guard().issue("bob", ("other",))["access_token"]
    answer = client.get("/required", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("way", ["plain", "restx", "smorest", "api_flask", "async_views"])
def test_a_logout_without_a_store_is_503_in_every_framework(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 80: where a view ends a token and the store fails, each framework answers 503 without a challenge."""
    monkeypatch.setattr(f"{__name__}.who", lambda: Guard().revoke(current_token))
    client, headers = built(way, tmp_path, early=True)

    def fail(*arguments: object) -> None:
        raise StoreError("away")

    monkeypatch.setattr(client.application.extensions["stopper"].tokens.store, "revoke", fail)
    answer = client.get("/required", headers=headers)
    assert answer.status_code == 503
    assert "WWW-Authenticate" not in answer.headers
    assert "away" not in answer.text


@pytest.mark.parametrize("way", WAYS)
def test_preflight_passes_and_opens_nothing(way: str, tmp_path: Path) -> None:
    """V38: Flask's automatic OPTIONS answer needs no token and runs no view, in every framework."""
    client, _ = built(way, tmp_path, early=True)
    answer = client.options("/required", headers={"Origin": "https://web.test", "Access-Control-Request-Method": "GET"})
    assert answer.status_code == 200
    assert "GET" in answer.headers["Allow"]
    assert not answer.get_data()


def test_a_view_that_answers_options_itself_is_guarded(tmp_path: Path) -> None:
    """V38: an OPTIONS method of one's own is a view like others, as function, in a class and with a method of RESTX."""
    app = Flask("shop", instance_path=str(tmp_path))
    guard = Guard(app)

    class Own(MethodView):
        def options(self) -> Any:
            return who()

    @guard.public
    class Open(MethodView):
        def options(self) -> Any:
            return who()

    app.add_url_rule("/function", "function", lambda: who(), methods=["GET", "OPTIONS"])
    app.add_url_rule("/class", view_func=Own.as_view("class"))
    app.add_url_rule("/open", view_func=Open.as_view("open"))
    client = app.test_client()
    assert client.options("/function").status_code == 401
    assert client.options("/class").status_code == 401
    assert client.options("/open").status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_no_method_goes_around_the_guard(method: str, tmp_path: Path) -> None:
    """V38: whichever methods a route takes, and however another is asked for, none reaches its view without a token."""
    app = Flask("shop", instance_path=str(tmp_path))
    Guard(app)
    app.add_url_rule("/all", "all", lambda: who(), methods=[method], provide_automatic_options=False)
    client = app.test_client()
    assert client.open("/all", method=method).status_code == 401
    override = {"X-HTTP-Method-Override": method}
    assert client.open("/all", method="OPTIONS", headers=override).status_code in (401, 405)


def test_the_specifications_of_frameworks_are_routes_like_others(tmp_path: Path) -> None:
    """B16: documentation routes that a framework adds by itself need a token unless somebody opens them."""
    restx_client, _ = built("restx", tmp_path / "restx", early=True)
    assert restx_client.get("/swagger.json").status_code == 401
    apiflask_client, alice = built("api_flask", tmp_path / "apiflask", early=True)
    assert apiflask_client.get("/openapi.json").status_code == 401
    assert apiflask_client.get("/openapi.json", headers=alice).status_code == 200


def test_one_guard_serves_applications_of_a_factory(tmp_path: Path) -> None:
    """A guard made at import time serves each application of a factory, and a token of one is unknown to the other."""
    guard = Guard()

    def create_app(name: str) -> Flask:
        app = Flask(name, instance_path=str(tmp_path / name))
        guard.init_app(app)
        plain(app, guard)
        return app

    one, other = create_app("one"), create_app("other")
    with one.app_context():
        alice = {"Authorization": f"Bearer {guard.issue('alice', ('read',))['access_token']}"}
    assert one.test_client().get("/required", headers=alice).status_code == 200
    assert other.test_client().get("/required", headers=alice).status_code == 401


def test_who_looks_at_the_application_sees_the_guard_and_what_stands_behind_it(tmp_path: Path) -> None:
    """The guard is among the extensions of an application, and hides no middleware that it was put before."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    Guard(app)
    assert app_runner.parts(app)["stopper"]["kind"] == "stopper.guard.gate.Gate"
    layers = [app_runner.kind_of(layer) for layer in app_runner.layers(app, app)]
    assert layers[1:] == ["werkzeug.middleware.proxy_fix.ProxyFix"]
