"""Whole projects: several applications in one tree, factories, extensions made in one module and used in others."""

from __future__ import annotations

import ast

from stopper.observe.source import Project
from tests.observe.source.projects import marked, named, package

TWO = {
    "shop/__init__.py": """
        from flask import Flask
        from shop.extensions import db, jwt
        from shop.hooks import demand_token

        def create_app(config="shop.config.Production"):
            app = Flask(__name__)
            app.config.from_object(config)
            db.init_app(app)
            jwt.init_app(app)
            register_blueprints(app)
            app.before_request(demand_token)
            return app

        def register_blueprints(app):
            from shop import api
            from shop.admin import bp as admin
            for blueprint in (api.bp, admin):
                app.register_blueprint(blueprint, url_prefix="/v1" + "")
    """,
    "shop/extensions.py": """
        from flask_jwt_extended import JWTManager
        from flask_sqlalchemy import SQLAlchemy
        db = SQLAlchemy()
        jwt = JWTManager()
    """,
    "shop/hooks.py": """
        from flask import abort, request
        def demand_token():
            if "Authorization" not in request.headers:
                abort(401)
    """,
    "shop/config.py": """
        from shop.defaults import *
        class Base:
            JWT_ALGORITHM = ALGORITHM
            LIFE = 60 * MINUTE
        class Production(Base):
            LIFE = 15 * MINUTE
    """,
    "shop/defaults.py": "ALGORITHM = 'HS256'\nMINUTE = 60\n",
    "shop/api.py": """
        from flask import Blueprint
        from shop.extensions import db
        from shop.services import orders
        bp = Blueprint("api", __name__)

        @bp.get("/orders")
        def all_orders():
            return orders.listed(db.session)
    """,
    "shop/services/__init__.py": "from shop.services import orders",
    "shop/services/orders.py": """
        from shop.extensions import jwt
        def listed(session):
            return _rows(session)
        def _rows(session):
            return here(session)
        @jwt.user_lookup_loader
        def load_user(header, claims):
            return claims
    """,
    "shop/admin/__init__.py": """
        from flask import Blueprint
        from flask_jwt_extended import jwt_required
        bp = Blueprint("admin", __name__)

        @bp.delete("/users/<int:user>")
        @jwt_required()
        def remove(user): ...
    """,
    "status/app.py": """
        import flask
        app = flask.Flask(__name__)

        @app.get("/health")
        def health(): return "ok"

        @app.get("/metrics")
        def metrics(): return "ok"
    """,
}


def routed(project: Project) -> dict[str, tuple[str, ...]]:
    """Return the guards of each operation, by their names."""
    return {str(e): tuple(g.how for g in route.guards) for route in project.routes for e in route.endpoints}


def test_guards_stay_with_their_application() -> None:
    """What stands before one application's routes says nothing of another's in the same tree."""
    assert routed(package(TWO)) == {
        "DELETE /v1/users/{user}": ("@jwt_required()", "before_request demand_token"),
        "GET /v1/orders": ("before_request demand_token",),
        "GET /health": (),
        "GET /metrics": (),
    }


def test_neighbours_are_those_of_the_same_application() -> None:
    """A route is held against the routes of its own application."""
    project = package(TWO)
    by_path = {str(route.endpoints[0]): route for route in project.routes}
    assert {each.name for each in project.routing.neighbours(by_path["GET /health"])} == {"health", "metrics"}
    assert {each.name for each in project.routing.neighbours(by_path["GET /v1/orders"])} == {"all_orders", "remove"}


def test_extensions_are_known_wherever_they_are_imported() -> None:
    """`db` and `jwt`, made in one module, are what they are in each that imports them."""
    project = package(TWO)
    api, orders = named(project, "shop/api.py"), named(project, "shop/services/orders.py")
    told = {ast.unparse(node): api.qualified(node) for node in api.nodes(ast.Attribute)}
    assert told["db.session"] == "flask_sqlalchemy.SQLAlchemy.session"
    loader = next(node for node in orders.nodes(ast.Attribute) if node.attr == "user_lookup_loader")
    assert orders.qualified(loader) == "flask_jwt_extended.JWTManager.user_lookup_loader"


def test_code_two_calls_below_a_view_runs_for_its_endpoint() -> None:
    """What a view calls through a service's module, and what that calls, serves the view's endpoint; callbacks too."""
    orders = named(package(TWO), "shop/services/orders.py")
    call = next(node for node in orders.nodes(ast.Call) if ast.unparse(node.func) == "here")
    assert [str(each) for each in orders.endpoints(call)] == ["GET /v1/orders"]
    loader = next(node for node in orders.nodes(ast.FunctionDef) if node.name == "load_user")
    assert [str(each) for each in orders.endpoints(loader)] == ["DELETE /v1/users/{user}"]


def test_settings_are_told_through_stars_and_classes() -> None:
    """A class of settings tells its values through `from defaults import *`, its own before its base's."""
    use = "import jwt\nfrom shop.config import Production\nhere(Production.LIFE)\nthere(Production().JWT_ALGORITHM)\n"
    each = named(package({**TWO, "use.py": use}), "use.py")
    assert each.constant(marked(each)) == 900
    assert each.constant(marked(each, "there")) == "HS256"
