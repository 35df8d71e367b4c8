"""Which operations run through a piece of code: views, what they call, decorators, hooks, callbacks."""

from __future__ import annotations

import ast

import pytest

from stopper.observe.source import Project
from tests.observe.source.projects import package

SHOP = {
    "shop/__init__.py": """
        from flask import Flask
        from shop import hooks
        from shop.views import bp

        def create_app():
            app = Flask(__name__)
            app.register_blueprint(bp)
            hooks.register(app)
            mark_factory()
            return app
    """,
    "shop/hooks.py": """
        from flask import g, request

        def note():
            mark_hook()
            g.token = request.headers.get("Authorization")

        def register(app):
            app.before_request(note)
    """,
    "shop/plain.py": """
        def middle(value):
            from shop.keys import decode
            return decode(value)
    """,
    "shop/keys.py": """
        import functools
        import jwt

        def decode(token):
            mark_decoder()
            return jwt.decode(token, "k")

        def guarded(view):
            @functools.wraps(view)
            def wrapper(*args):
                mark_decorator()
                return view(*args)
            return wrapper

        def unused(token):
            mark_unused()

        class Store:
            def __init__(self):
                mark_constructor()

            def lookup_by_digest(self, token):
                mark_method()

            def only_one_of_this_name(self):
                mark_unique()
    """,
    "shop/views.py": """
        from flask import Blueprint
        from flask_httpauth import HTTPTokenAuth
        from shop.keys import Store, decode, guarded
        from shop.plain import middle

        bp = Blueprint("b", __name__)
        auth = HTTPTokenAuth()

        @auth.verify_token
        def verify(token):
            mark_callback()

        @bp.get("/a")
        @guarded
        def a():
            return middle("x")

        @bp.get("/b")
        def b(thing):
            store = Store()
            store.lookup_by_digest("x")
            thing.only_one_of_this_name()

        @bp.get("/c")
        @auth.login_required
        def c():
            return list(map(decode, []))

        def lonely():
            mark_lonely()
    """,
}


@pytest.fixture(scope="module")
def shop() -> Project:
    """A shop of five files."""
    return package(SHOP)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("decoder", ["/a", "/c"]),
        ("decorator", ["/a"]),
        ("hook", ["/a", "/b", "/c"]),
        ("callback", ["/c"]),
        ("constructor", ["/b"]),
        ("method", ["/b"]),
        ("unique", ["/b"]),
        ("unused", []),
        ("lonely", []),
        ("factory", []),
    ],
)
def test_endpoints(shop: Project, name: str, expected: list[str]) -> None:
    """Code is tied to the operations whose handling runs through it, and to no others."""
    for module in shop.modules:
        for node in module.nodes(ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id == f"mark_{name}":
                assert [each.path for each in module.endpoints(node)] == expected
                return
    pytest.fail("the mark is gone")
