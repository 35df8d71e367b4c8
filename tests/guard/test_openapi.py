"""The document says what the guard does, because it is made from it."""

from __future__ import annotations

from flask import Flask

from stopper.guard import Guard
from stopper.guard.openapi import template


def test_every_route_says_what_it_asks(app: Flask) -> None:
    """B17: required, optional and public routes are told apart, with scopes, and the scheme is http bearer."""
    parts = Guard().openapi
    with app.app_context():
        document = parts()
    assert document["components"]["securitySchemes"] == {"bearer": {"type": "http", "scheme": "bearer"}}
    assert document["paths"]["/me"]["get"]["security"] == [{"bearer": ["read"]}]
    assert document["paths"]["/forgotten"]["get"]["security"] == [{"bearer": []}]
    assert document["paths"]["/greeting"]["get"]["security"] == [{}, {"bearer": []}]
    assert document["paths"]["/login"]["post"] == {"security": []}
    assert "401" in document["paths"]["/me"]["get"]["responses"]
    assert set(document["paths"]["/me"]) == {"get"}


def test_the_document_and_the_answers_agree(app: Flask) -> None:
    """B16: each operation that demands a token answers 401 without one, and no other does."""
    with app.app_context():
        document = Guard().openapi()
    client = app.test_client()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            status = client.open(path.replace("{filename}", "x"), method=method.upper()).status_code
            demands = bool(operation["security"]) and {} not in operation["security"]
            assert (status == 401) == demands, path


def test_a_document_is_completed_and_not_changed(app: Flask) -> None:
    """An existing document keeps its own, and gets the security that holds, also below a server's base path."""
    own = {
        "openapi": "3.1.0",
        "servers": [{"url": "https://api.test/v1"}, {"url": "/"}],
        "paths": {
            "/me": {"get": {"summary": "me", "security": [], "responses": {"401": {"description": "own"}}}},
            "/elsewhere": {"get": {"summary": "not ours"}},
        },
    }
    with app.app_context():
        merged = Guard().openapi(own)
    assert merged["paths"]["/me"]["get"]["security"] == [{"bearer": ["read"]}]
    assert merged["paths"]["/me"]["get"]["responses"]["401"] == {"description": "own"}
    assert merged["paths"]["/elsewhere"] == {"get": {"summary": "not ours"}}
    assert "components" not in own


def test_scopes_in_the_older_version(app: Flask) -> None:
    """OpenAPI 3.0 allows no scopes on a bearer requirement, so they stand beside it."""
    own = {"openapi": "3.0.3", "paths": {"/me": {"get": {}}}}
    with app.app_context():
        operation = Guard().openapi(own)["paths"]["/me"]["get"]
    assert operation["security"] == [{"bearer": []}]
    assert operation["x-required-scopes"] == ["read"]


def test_rules_become_path_templates() -> None:
    """Converters and their arguments are left out of the template."""
    assert template("/a/<int:id>/<any(x, y):kind>/<path:rest>/<name>") == "/a/{id}/{kind}/{rest}/{name}"
