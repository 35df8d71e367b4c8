"""Audiences by blueprint: a token for one part of an API opens no other part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask

from stopper.guard import Guard, current_token

ISSUER = "https://shop.test"
ORDERS, BILLS = f"{ISSUER}/orders", f"{ISSUER}/bills"


@pytest.fixture(params=["opaque", "jwt"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Flask:
    """Return an application of two blueprints with an audience each, with tokens of each format."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.update(
        STOPPER_TOKEN_FORMAT=request.param, STOPPER_ISSUER=ISSUER, STOPPER_AUDIENCES=[ISSUER, ORDERS, BILLS]
    )
    guard = Guard(app)
    orders = guard.require("read", audience=ORDERS)(Blueprint("orders", __name__))
    bills = guard.require(audience=BILLS)(Blueprint("bills", __name__))
    orders.add_url_rule("/orders", "list", lambda: {"for": sorted(current_token.audiences)})
    orders.add_url_rule("/orders/all", "all", guard.require("admin")(lambda: "all"))
    orders.add_url_rule("/orders/help", "help", guard.public(lambda: "help"))
    bills.add_url_rule("/bills", "list", lambda: "bills")
    app.register_blueprint(orders)
    app.register_blueprint(bills)
    app.add_url_rule("/whole", "whole", lambda: "whole")
    return app


def call(app: Flask, path: str, answer: Any) -> Any:
    """Return how the application answers the token of an answer."""
    return app.test_client().get(path, headers={"Authorization": f"Bearer {answer['access_token']}"})


def test_a_token_opens_the_blueprint_that_it_is_for(app: Flask) -> None:
    """V10: a token for one blueprint opens that one and what asks for no audience, and no other blueprint."""
    with app.app_context():
        token = Guard().issue("alice", ("read",), audiences=[ORDERS])
    assert call(app, "/orders", token).get_json() == {"for": [ORDERS]}
    assert call(app, "/whole", token).status_code == 200
    refused = call(app, "/bills", token)
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_a_view_with_scopes_of_its_own_keeps_the_audience(app: Flask) -> None:
    """V10: a view within the blueprint that asks for another scope still asks for the blueprint's audience."""
    with app.app_context():
        right = Guard().issue("alice", ("admin",), audiences=[ORDERS])
        wrong = Guard().issue("alice", ("admin",), audiences=[BILLS])
    assert call(app, "/orders/all", right).status_code == 200
    assert call(app, "/orders/all", wrong).status_code == 401
    assert app.test_client().get("/orders/help").status_code == 200


def test_a_token_of_no_particular_audience_is_for_all(app: Flask) -> None:
    """V11: where `issue` names none, the token is for all that are configured."""
    with app.app_context():
        token = Guard().issue("alice", ("read",))
    assert call(app, "/orders", token).status_code == 200
    assert call(app, "/bills", token).status_code == 200


def test_renewing_does_not_widen_the_audience(app: Flask) -> None:
    """V10: the access token of a refresh is for what the first one was for."""
    with app.app_context():
        guard = Guard()
        first = guard.issue_with_refresh("alice", ("read",), audiences=[ORDERS])
        renewed = guard.renew(first["refresh_token"])
    assert call(app, "/orders", renewed).status_code == 200
    assert call(app, "/bills", renewed).status_code == 401


def test_an_audience_that_is_nobody_s_is_an_error(app: Flask) -> None:
    """V11: a token is issued for nothing but this API."""
    with app.app_context(), pytest.raises(ValueError, match="STOPPER_AUDIENCES"):
        Guard().issue("alice", audiences=["https://elsewhere.test"])
