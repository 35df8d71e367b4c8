# mypy: disable-error-code="untyped-decorator"
"""The documents of apispec, flask-smorest and APIFlask say what the guard enforces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from stopper.guard import Guard

REASON = "of the dev extra: run make setup"
apispec = pytest.importorskip("apispec", reason=REASON)
flask_smorest = pytest.importorskip("flask_smorest", reason=REASON)
apiflask = pytest.importorskip("apiflask", reason=REASON)

from stopper.guard.apispec import GuardPlugin  # noqa: E402  # it needs apispec


def check(document: dict[str, Any], *, scopes_beside: bool) -> None:
    """Demand that a document tells required and public routes apart, with scopes where its version wants them."""
    assert document["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}
    required, public = document["paths"]["/items/{number}"]["get"], document["paths"]["/public"]["get"]
    assert required["security"] == [{"bearer": [] if scopes_beside else ["read"]}]
    assert required.get("x-required-scopes") == (["read"] if scopes_beside else None)
    assert {"401", "403"} <= required["responses"].keys()
    assert public["security"] == []


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_apispec(tmp_path: Path, version: str) -> None:
    """B17: the plugin gives operations of apispec their security."""
    app = Flask("shop", instance_path=str(tmp_path))
    guard = Guard(app)
    app.add_url_rule("/items/<int:number>", "items", guard.require("read")(lambda number: "items"))
    app.add_url_rule("/public", "public", guard.public(lambda: "public"))
    spec = apispec.APISpec("shop", "1", version, plugins=[GuardPlugin(app)])
    for path in ("/items/{number}", "/public", "/elsewhere"):
        spec.path(path, operations={"get": {"responses": {"200": {"description": "good"}}}})
    document = spec.to_dict()
    check(document, scopes_beside=version == "3.0.3")
    assert "security" not in document["paths"]["/elsewhere"]["get"]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_flask_smorest(tmp_path: Path, version: str) -> None:
    """B17: the document that flask-smorest serves has the security of its routes."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.update(API_TITLE="shop", API_VERSION="1", OPENAPI_VERSION=version, OPENAPI_URL_PREFIX="/")
    guard = Guard(app)
    api = flask_smorest.Api(app, spec_kwargs={"extra_plugins": [GuardPlugin(app)]})
    blueprint = flask_smorest.Blueprint("shop", __name__)

    @blueprint.route("/items/<int:number>")
    @blueprint.response(200)
    @guard.require("read")
    def items(number: int) -> Any:
        return "items"

    @blueprint.route("/public")
    @guard.public
    @blueprint.response(200)
    def public() -> Any:
        return "public"

    api.register_blueprint(blueprint)
    headers = guard.test_client_token(app, subject="alice")
    served = app.test_client().get("/openapi.json", headers=headers)
    check(served.get_json(), scopes_beside=version == "3.0.3")


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_apiflask(tmp_path: Path, version: str) -> None:
    """B17: the document that APIFlask serves has the security of its routes, with `guard.openapi` as its processor."""
    app = apiflask.APIFlask("shop", instance_path=str(tmp_path))
    app.config["OPENAPI_VERSION"] = version
    guard = Guard(app)
    app.spec_processor(guard.openapi)

    @app.get("/items/<int:number>")
    @guard.require("read")
    def items(number: int) -> Any:
        return "items"

    @app.get("/public")
    @guard.public
    def public() -> Any:
        return "public"

    headers = guard.test_client_token(app, subject="alice")
    served = app.test_client().get("/openapi.json", headers=headers)
    check(served.get_json(), scopes_beside=version == "3.0.3")
