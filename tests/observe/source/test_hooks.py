"""Hooks before requests: found however they are registered, and asked for one operation at a time."""

from __future__ import annotations

from stopper.model import Endpoint
from stopper.observe.source import hooks
from stopper.observe.source.doors import Arrival
from tests.observe.source.projects import package

SHOP = {
    "shop.py": """
        from flask import Blueprint, Flask, abort, g, request
        from checks import demand
        app = Flask(__name__)
        bp = Blueprint("bp", __name__)
        @app.before_request
        def connect():
            g.db = connect_to_database()
        @bp.before_request
        def closed():
            if not request.headers.get("Authorization"):
                abort(401)
        @bp.before_app_request
        def everywhere():
            if request.endpoint in ("login", "bp.health"):
                return
            if not request.headers.get("Authorization"):
                abort(401)
        app.before_request(demand)
    """,
    "checks.py": """
        from flask import abort, request
        def demand():
            if request.path.startswith("/public"):
                return None
            if "Authorization" not in request.headers:
                abort(401)
    """,
}


def found() -> dict[str, hooks.Hook]:
    """Return the hooks of the shop by the name of their function."""
    return {hook.function.name: hook for hook in hooks.find(package(SHOP))}


def test_hooks_are_found_with_what_they_stand_before() -> None:
    """By decorator and by call, of an application, of a blueprint, of all through a blueprint."""
    told = {name: (hook.owner is not None, hook.whole_application) for name, hook in found().items()}
    assert told == {
        "connect": (True, True),
        "closed": (True, False),
        "everywhere": (False, True),
        "demand": (True, True),
    }


def test_only_what_refuses_may_guard() -> None:
    """A hook that opens a database guards nothing; one that refuses some operations may."""
    assert {name for name, hook in found().items() if hooks.may_guard(hook)} == {"closed", "everywhere", "demand"}


def test_exemptions_are_asked_for_each_operation() -> None:
    """A hook that lets an endpoint or a path through guards the others alone, and is named in words."""
    every = found()
    orders, health = Arrival(Endpoint("GET", "/orders"), "orders", "bp"), Arrival(Endpoint("GET", "/"), "health", "bp")
    public = Arrival(Endpoint("GET", "/public/x"), "x", "")
    assert [hooks.guard(every["everywhere"], each) is not None for each in (orders, health)] == [True, False]
    assert [hooks.guard(every["demand"], each) is not None for each in (orders, public)] == [True, False]
    guard = hooks.guard(every["closed"], orders)
    assert guard is not None
    assert (guard.kind, guard.how) == ("bearer", "before_request closed")
