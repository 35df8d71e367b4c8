"""Refusals that a view raises, and answers that the application renders: status, challenge and no-store stay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask

from stopper.guard import Guard, InsufficientScope, InvalidGrant, Refusal, Unavailable, audit

flask_restx = pytest.importorskip("flask_restx", reason="of the dev extra: run make setup")


def forbid() -> Any:
    """Refuse as a view does that knows more than the decorator."""
    raise InsufficientScope("Only the owner may.", scopes=("owner",))


def plainly(app: Flask, guard: Guard) -> None:
    """Leave the answer to the guard."""
    app.add_url_rule("/view", "view", forbid)


def in_async_view(app: Flask, guard: Guard) -> None:
    """Refuse in an async view."""

    async def view() -> Any:
        return forbid()

    app.add_url_rule("/view", "view", view)


def in_view_called(app: Flask, guard: Guard) -> None:
    """Refuse in a decorated view of a blueprint."""
    blueprint = Blueprint("inner", __name__)
    blueprint.add_url_rule("/view", "view", guard.require(forbid))
    app.register_blueprint(blueprint)


def rendered(app: Flask, guard: Guard) -> None:
    """Let the application render refusals, with another status and headers of its own."""
    plainly(app, guard)
    app.register_error_handler(Refusal, lambda error: ({"own": error.description}, 418, {"Cache-Control": "public"}))


def rendered_by_blueprint(app: Flask, guard: Guard) -> None:
    """Let a blueprint render its refusals."""
    blueprint = Blueprint("inner", __name__)
    blueprint.add_url_rule("/view", "view", forbid)
    blueprint.register_error_handler(Refusal, lambda error: ({"own": error.description}, 200))
    app.register_blueprint(blueprint)


def rendered_by_restx(app: Flask, guard: Guard) -> None:
    """Leave the answer to Flask-RESTX, which turns exceptions into answers by itself."""
    api = flask_restx.Api(app)

    @api.route("/view")  # type: ignore[untyped-decorator]
    class View(flask_restx.Resource):  # type: ignore[misc, name-defined]
        def get(self) -> Any:
            return forbid()


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize(
    "way", [plainly, in_async_view, in_view_called, rendered, rendered_by_blueprint, rendered_by_restx]
)
def test_a_refusal_of_a_view_is_one_of_the_guard(
    way: Callable[[Flask, Guard], None], early: bool, tmp_path: Path
) -> None:
    """B06 B07: a refusal that a view raises keeps status, challenge and no-store, whoever renders it."""
    app, guard = Flask("shop", instance_path=str(tmp_path)), Guard()
    if early:
        guard.init_app(app)
    way(app, guard)
    if not early:
        guard.init_app(app)
    answer = app.test_client().get("/view", headers=guard.test_client_token(app, subject="alice"))
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert 'scope="owner"' in answer.headers["WWW-Authenticate"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("own" in answer.get_json()) == (way in (rendered, rendered_by_blueprint))


def test_a_refusal_of_a_view_is_an_event(app: Flask) -> None:
    """L03: what a view refuses is told to the audit as what the guard refuses."""
    seen: list[audit.Event] = []
    app.add_url_rule("/view", "view", forbid)

    def keep(sender: object, event: audit.Event) -> None:
        seen.append(event)

    headers = Guard().test_client_token(app, subject="alice")
    with audit.happened.connected_to(keep, app):
        app.test_client().get("/view", headers=headers)
    assert [(event.kind, event.reason) for event in seen] == [(audit.Kind.REFUSED, "Only the owner may.")]


@pytest.mark.parametrize("refusal", [InvalidGrant("expired"), Unavailable("Later.")])
def test_a_refusal_without_a_challenge_has_none(app: Flask, refusal: Refusal) -> None:
    """B05: a refusal that no token would change carries no challenge, and is not stored either."""

    def view() -> Any:
        raise refusal

    app.add_url_rule("/view", "view", view)
    answer = app.test_client().get("/view", headers=Guard().test_client_token(app, subject="alice"))
    assert answer.status_code == refusal.code
    assert "WWW-Authenticate" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
