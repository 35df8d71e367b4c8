"""Routes made in loops, by helpers and by the project's own decorators: the running application says the same."""

from __future__ import annotations

import importlib
import re
import sys
import textwrap
from pathlib import Path

import pytest
from flask import Flask

from stopper.observe.source import read_project
from tests.observe.source.projects import package

HEAD = """
from flask import Blueprint, Flask
from flask.views import MethodView

app = Flask(__name__)
bp = Blueprint("bp", __name__, url_prefix="/bp")

def a(**k): return ""
def b(**k): return ""

class C(MethodView):
    def get(self): return ""
    def post(self): return ""
"""

FORMS = {
    "a table of tuples": """
        for rule, view in [("/a", a), ("/b", b)]:
            app.add_url_rule(rule, view_func=view)
    """,
    "a named table with methods": """
        ROUTES = (("/a", a, ["GET"]), ("/b/<int:n>", b, ["POST", "PUT"]))
        for rule, view, methods in ROUTES:
            app.add_url_rule(rule, view_func=view, methods=methods)
    """,
    "a table put together": """
        ONE = [("/a", a)]
        for rule, view in ONE + [*[("/b", b)]]:
            app.add_url_rule(rule, None, view)
    """,
    "rows taken apart in the loop": """
        for row in [("/a", a), ("/b", b)]:
            (rule, view) = row
            app.add_url_rule(rule, view_func=view)
    """,
    "rows by index": """
        for row in [("/a", a), ("/b", b)]:
            app.add_url_rule(row[0], view_func=row[1])
    """,
    "rows by key": """
        for row in [{"rule": "/a", "view": a}, {"rule": "/b", "view": b}]:
            app.add_url_rule(row["rule"], view_func=row["view"])
    """,
    "a mapping": """
        for rule, view in {"/a": a, "/b": b}.items():
            app.add_url_rule(rule, view_func=view)
    """,
    "names put into the rule": """
        for name, view in (("a", a), ("b", b)):
            app.add_url_rule(f"/v1/{name}", view_func=view)
            app.add_url_rule("/v2/" + name, name + "2", view)
    """,
    "classes": """
        for rule, kind in [("/c", C)]:
            app.add_url_rule(rule, view_func=kind.as_view(rule[1:]))
    """,
    "loops in loops": """
        for prefix in ("/x", "/y"):
            for rule in ("/a", "/b"):
                app.add_url_rule(prefix + rule, prefix + rule, a)
    """,
    "a helper": """
        def register(holder, routes, view_func, **options):
            for rule in routes:
                holder.add_url_rule(rule, view_func=view_func, **options)
        register(bp, routes=["/c", "/d"], view_func=C.as_view("c"))
        register(bp, ["/a"], a)
        app.register_blueprint(bp)
    """,
    "a helper that a helper calls": """
        def one(holder, rule, view):
            holder.add_url_rule(rule, view_func=view)
        def many(holder, rows):
            for rule, view in rows:
                one(holder, rule, view)
        many(bp, [("/a", a), ("/b", b)])
        many(app, [("/c", C.as_view("c"))])
        app.register_blueprint(bp)
    """,
    "a helper with a view made inside": """
        def table(holder, rows):
            views = {}
            for rule, kind in rows:
                view = views.get(kind)
                if view is None:
                    view = kind.as_view(kind.__name__)
                    views[kind] = view
                holder.add_url_rule(rule, view_func=view)
        table(app, [("/c", C), ("/d", C)])
    """,
    "a decorator that registers a class": """
        def resource(*rules):
            def wrapper(kind):
                for rule in rules:
                    app.add_url_rule(rule, view_func=kind.as_view(rule))
                return kind
            return wrapper
        @resource("/x", "/y")
        class X(MethodView):
            def get(self): return ""
        @resource("/z")
        class Z(MethodView):
            def delete(self): return ""
    """,
    "a decorator that registers a function": """
        def route(rule, **options):
            def decorate(view):
                app.add_url_rule(rule, view_func=view, **options)
                return view
            return decorate
        @route("/x")
        def x(): return ""
        @route("/y/<n>")
        def y(n): return ""
    """,
    "a decorator that wraps the route": """
        from functools import wraps
        def route(holder, *args, **options):
            def decorate(view):
                @holder.route(*args, **options)
                @wraps(view)
                def wrapper(*a, **k):
                    return view(*a, **k)
                return view
            return decorate
        @route(bp, "/x")
        def x(): return ""
        @route(bp, "/y")
        def y(): return ""
        app.register_blueprint(bp)
    """,
    "an extension of the project": """
        class Health:
            def init_app(self, app):
                app.add_url_rule("/health", view_func=self.show)
            def show(self): return ""
        Health().init_app(app)
    """,
    "blueprints in blueprints": """
        inner = Blueprint("inner", __name__, url_prefix="/inner")
        inner.add_url_rule("/a", view_func=a)
        bp.register_blueprint(inner)
        bp.add_url_rule("/b", view_func=b)
        app.register_blueprint(bp, url_prefix="/outer")
    """,
    "a blueprint served twice": """
        bp.add_url_rule("/a", view_func=a)
        app.register_blueprint(bp)
        app.register_blueprint(bp, name="again", url_prefix="/again")
    """,
    "blueprints with their prefixes in a table": """
        one, two = Blueprint("one", __name__), Blueprint("two", __name__)
        one.add_url_rule("/a", view_func=a)
        two.add_url_rule("/b", view_func=b)
        for blueprint, prefix in [(one, "/one"), (two, "/two")]:
            app.register_blueprint(blueprint, url_prefix=prefix)
    """,
    "blueprints under names put together": """
        one, two = Blueprint("one", __name__), Blueprint("two", __name__)
        one.add_url_rule("/a", view_func=a)
        two.add_url_rule("/b", view_func=b)
        for version, blueprint in {"v1": one, "v2": two}.items():
            app.register_blueprint(blueprint, url_prefix=f"/{version}")
    """,
    "blueprints under a number": """
        VERSION = 1
        bp.add_url_rule("/a", view_func=a)
        for blueprint in (bp,):
            app.register_blueprint(blueprint, url_prefix=f"/api/{VERSION}")
    """,
    "a helper that registers blueprints": """
        def mount(app, blueprint, prefix):
            app.register_blueprint(blueprint, url_prefix="/api" + prefix)
        bp.add_url_rule("/a", view_func=a)
        mount(app, bp, "/v1")
    """,
    "a blueprint made by a function": """
        def make():
            made = Blueprint("made", __name__)
            made.add_url_rule("/a", view_func=a)
            return made
        app.register_blueprint(make(), url_prefix="/made")
    """,
    "an application of its own class": """
        class Shop(Flask):
            def __init__(self):
                super().__init__(__name__)
                self.add_url_rule("/a", view_func=a)
                self.register_blueprint(bp, url_prefix="/inside")
        bp.add_url_rule("/b", view_func=b)
        app = Shop()
    """,
    "an application kept in an object": """
        class Server:
            def __init__(self):
                self.app = Flask(__name__)
                self.app.add_url_rule("/a", view_func=self.a)
                self.app.register_blueprint(bp, url_prefix="/kept")
            def a(self): return ""
        bp.add_url_rule("/b", view_func=b)
        app = Server().app
    """,
    "a prefix at the inner registration": """
        inner = Blueprint("inner", __name__)
        inner.add_url_rule("/a", view_func=a)
        bp.register_blueprint(inner, url_prefix="/deep")
        app.register_blueprint(bp)
    """,
}


@pytest.mark.parametrize("form", FORMS)
def test_routes_are_those_of_the_running_application(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each form gives the operations that Flask's own url_map has after the same text was run."""
    text = HEAD + textwrap.dedent(FORMS[form])
    name = "registering_" + re.sub(r"\W", "_", form)
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    running = importlib.import_module(name)
    found = {str(each) for route in read_project([(f"{name}.py", text.encode())]).routes for each in route.endpoints}
    assert found == _served(running.app)
    sys.modules.pop(name)


def _served(app: Flask) -> set[str]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    return {
        f"{method} {_template(rule.rule)}" for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def _template(rule: str) -> str:
    return re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule)


def test_helpers_across_files() -> None:
    """Table, helper, views and blueprint in four files give the routes where the helper is called, guards included."""
    found = package(
        {
            "shop/routing.py": "def hang(holder, rows, decorators=None):\n    for rule, kind in rows:\n"
            "        view = kind.as_view(rule)\n        for wrap in decorators or []:\n            view = wrap(view)\n"
            "        holder.add_url_rule(rule, view_func=view)\n",
            "shop/views.py": "from flask.views import MethodView\nclass Orders(MethodView):\n    def get(self): ...\n",
            "shop/table.py": "from shop import views\nROWS = [('/orders', views.Orders), ('/old', views.Orders)]\n",
            "shop/api.py": "from flask import Blueprint\nfrom flask_jwt_extended import jwt_required\n"
            "from shop.routing import hang\nfrom shop.table import ROWS\nbp = Blueprint('api', __name__)\n"
            "hang(bp, ROWS, decorators=[jwt_required()])\n",
            "shop/__init__.py": "from flask import Flask\nfrom shop.api import bp\napp = Flask(__name__)\n"
            "app.register_blueprint(bp, url_prefix='/api')\n",
        }
    )
    assert [(str(route.endpoints[0]), route.place.uri, route.place.line) for route in found.routes] == [
        ("GET /api/orders", "shop/api.py", 6),
        ("GET /api/old", "shop/api.py", 6),
    ]
    assert [[guard.how for guard in route.guards] for route in found.routes] == [["@jwt_required()"]] * 2


def test_what_cannot_be_told_makes_no_route() -> None:
    """Tables that are computed, and views that are not the project's, are left out and not made up."""
    text = """
        from flask import Flask
        import other
        app = Flask(__name__)
        for rule, view in other.table():
            app.add_url_rule(rule, view_func=view)
        for rule, view in [("/a", other.view)]:
            app.add_url_rule(rule, view_func=view)
        def register(rule, view):
            app.add_url_rule(rule, view_func=view)
        register(*other.table()[0])
    """
    assert not package({"app.py": text}).routes


def test_helpers_that_call_each_other_end() -> None:
    """Registering functions in a circle, and long tables in many loops, end soon."""
    circle = "def f(h, r, v):\n    h.add_url_rule(r, view_func=v)\n    g(h, r, v)\ndef g(h, r, v):\n    f(h, r, v)\n"
    loops = "".join(f"{'    ' * n}for r{n} in ROWS:\n" for n in range(12))
    rule = " + ".join(f"r{n}" for n in range(12))
    table = f"ROWS = {['/a'] * 60}\n{loops}{'    ' * 12}app.add_url_rule({rule}, view_func=view)\n"
    text = f"from flask import Flask\napp = Flask('x')\ndef view(): ...\n{circle}f(app, '/x', view)\n{table}"
    routes = package({"app.py": text}).routes
    assert 0 < len(routes) <= 3000
