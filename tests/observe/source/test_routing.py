"""Routes: every way in which Flask and its extensions make them, with their prefixes and methods."""

from __future__ import annotations

import importlib.util
import textwrap
from pathlib import Path

import pytest
from flask import Flask

from stopper.observe.source import read_project
from tests.observe.source.projects import module, package

ROUTES = {
    "route": ("app = flask.Flask('x')\n@app.route('/a')\ndef a(): ...", ["GET /a"]),
    "methods": (
        "app = flask.Flask('x')\n@app.route('/a', methods=('POST', 'GET'))\ndef a(): ...",
        ["GET /a", "POST /a"],
    ),
    "methods named elsewhere": (
        "M = ['PUT']\napp = flask.Flask('x')\n@app.route('/a', methods=M)\ndef a(): ...",
        ["PUT /a"],
    ),
    "automatic methods": (
        "app = flask.Flask('x')\n@app.route('/a', methods=['HEAD', 'GET'])\ndef a(): ...",
        ["GET /a"],
    ),
    "verb": ("app = flask.Flask('x')\n@app.delete('/a/<int:n>')\ndef a(n): ...", ["DELETE /a/{n}"]),
    "converters": (
        "app = flask.Flask('x')\n@app.get('/<any(a, b):k>/<path:p>/<n>')\ndef a(k, p, n): ...",
        ["GET /{k}/{p}/{n}"],
    ),
    "two rules": ("app = flask.Flask('x')\n@app.get('/a')\n@app.get('/b')\ndef a(): ...", ["GET /a", "GET /b"]),
    "rule by name": ("P = '/a'\napp = flask.Flask('x')\n@app.get(rule=P + '/b')\ndef a(): ...", ["GET /a/b"]),
    "rule unknown": ("app = flask.Flask('x')\n@app.get(f())\ndef a(): ...", []),
    "add_url_rule": (
        "app = flask.Flask('x')\ndef a(): ...\napp.add_url_rule('/a', 'a', a, methods=['PATCH'])",
        ["PATCH /a"],
    ),
    "wrapped view": (
        "app = flask.Flask('x')\ndef a(): ...\napp.add_url_rule('/a', view_func=login_required(a))",
        ["GET /a"],
    ),
    "MethodView": (
        "from flask.views import MethodView\napp = flask.Flask('x')\nclass A(MethodView):\n def get(self): ...\n"
        " def post(self): ...\napp.add_url_rule('/a', view_func=A.as_view('a'))",
        ["GET /a", "POST /a"],
    ),
    "MethodView with a limit": (
        "from flask.views import MethodView\napp = flask.Flask('x')\nclass A(MethodView):\n def get(self): ...\n"
        " def post(self): ...\nview = A.as_view('a')\napp.add_url_rule('/a', view_func=view, methods=['POST'])",
        ["POST /a"],
    ),
    "View": (
        "from flask.views import View\napp = flask.Flask('x')\nclass A(View):\n methods = ['GET', 'POST']\n"
        " def dispatch_request(self): ...\napp.add_url_rule('/a', view_func=A.as_view('a'))",
        ["GET /a", "POST /a"],
    ),
    "inherited method": (
        "from flask.views import MethodView\napp = flask.Flask('x')\nclass B(MethodView):\n def get(self): ...\n"
        "class A(B): ...\napp.add_url_rule('/a', view_func=A.as_view('a'))",
        ["GET /a"],
    ),
    "blueprint": (
        "app = flask.Flask('x')\nbp = flask.Blueprint('b', 'b', url_prefix='/b')\n@bp.get('/a')\ndef a(): ...\n"
        "app.register_blueprint(bp)",
        ["GET /b/a"],
    ),
    "prefix at registration": (
        "app = flask.Flask('x')\nbp = flask.Blueprint('b', 'b', url_prefix='/b')\n@bp.get('')\ndef a(): ...\n"
        "app.register_blueprint(bp, url_prefix='/c')",
        ["GET /c"],
    ),
    "registered twice": (
        "app = flask.Flask('x')\nbp = flask.Blueprint('b', 'b')\n@bp.get('/a')\ndef a(): ...\n"
        "app.register_blueprint(bp, url_prefix='/c')\napp.register_blueprint(bp, url_prefix='/d', name='d')",
        ["GET /c/a", "GET /d/a"],
    ),
    "nested": (
        "app = flask.Flask('x')\nouter = flask.Blueprint('o', 'o', url_prefix='/o')\n"
        "bp = flask.Blueprint('b', 'b', url_prefix='/b')\n@bp.get('/a/')\ndef a(): ...\n"
        "outer.register_blueprint(bp)\napp.register_blueprint(outer)",
        ["GET /o/b/a/"],
    ),
    "registered in a loop": (
        "app = flask.Flask('x')\nbp = flask.Blueprint('b', 'b', url_prefix='/b')\n@bp.get('/a')\ndef a(): ...\n"
        "for each in [bp]:\n    app.register_blueprint(each, url_prefix='/c')",
        ["GET /c/a"],
    ),
    "never registered": (
        "bp = flask.Blueprint('b', 'b', url_prefix='/b')\n@bp.get('/a')\ndef a(): ...",
        ["GET /b/a"],
    ),
    "application handed in": ("def routes(app):\n    @app.route('/a')\n    def a(): ...", ["GET /a"]),
    "factory": (
        "def create():\n    app = flask.Flask('x')\n    @app.post('/a')\n    def a(): ...\n    return app",
        ["POST /a"],
    ),
    "Flask-RESTful": (
        "from flask_restful import Api, Resource\napp = flask.Flask('x')\napi = Api(app, prefix='/v1')\n"
        "class A(Resource):\n def get(self, n): ...\n def put(self, n): ...\napi.add_resource(A, '/a/<n>', '/b/<n>')",
        ["GET /v1/a/{n}", "GET /v1/b/{n}", "PUT /v1/a/{n}", "PUT /v1/b/{n}"],
    ),
    "Flask-RESTful on a blueprint": (
        "from flask_restful import Api, Resource\napp = flask.Flask('x')\nbp = flask.Blueprint('b', 'b')\n"
        "api = Api(bp)\nclass A(Resource):\n def get(self): ...\napi.add_resource(A, '/a')\n"
        "app.register_blueprint(bp, url_prefix='/b')",
        ["GET /b/a"],
    ),
    "Flask-RESTX": (
        "from flask_restx import Api, Namespace, Resource\napp = flask.Flask('x')\napi = Api(app, prefix='/v1')\n"
        "ns = Namespace('shop')\n@ns.route('/a')\nclass A(Resource):\n def get(self): ...\napi.add_namespace(ns)",
        ["GET /v1/shop/a"],
    ),
    "Flask-RESTX with a path": (
        "from flask_restx import Api, Resource\napi = Api(prefix='/v1')\nns = api.namespace('shop', path='/s')\n"
        "@ns.route('/a', '/b')\nclass A(Resource):\n def post(self): ...\napi.init_app(flask.Flask('x'))",
        ["POST /v1/s/a", "POST /v1/s/b"],
    ),
    "Flask-RESTX, a list of namespaces": (
        "from flask_restx import Api, Namespace, Resource\napi = Api(flask.Flask('x'))\nns = Namespace('Shop')\n"
        "@ns.route('a')\nclass A(Resource):\n def get(self): ...\nfor group in [[ns]]:\n for each in group:\n"
        "  api.add_namespace(each, '/')",
        ["GET /a"],
    ),
    "flask-smorest": (
        "from flask.views import MethodView\nfrom flask_smorest import Api, Blueprint\napi = Api(flask.Flask('x'))\n"
        "blp = Blueprint('a', 'a', url_prefix='/s')\n@blp.route('/a')\nclass A(MethodView):\n"
        " @blp.response(200)\n def get(self): ...\napi.register_blueprint(blp)",
        ["GET /s/a"],
    ),
    "APIFlask": (
        "from apiflask import APIBlueprint, APIFlask\napp = APIFlask('x')\n"
        "bp = APIBlueprint('b', 'b', url_prefix='/b')\n"
        "@bp.get('/a')\n@bp.output({})\ndef a(): ...\napp.register_blueprint(bp)",
        ["GET /b/a"],
    ),
    "Flask-AppBuilder": (
        "from flask_appbuilder.api import BaseApi, expose\nclass ShopApi(BaseApi):\n resource_name = 'shop'\n"
        " @expose('/a/<int:n>', methods=['PUT'])\n def a(self, n): ...",
        ["PUT /api/v1/shop/a/{n}"],
    ),
    "Flask-AppBuilder, inherited": (
        "from flask_appbuilder.api import BaseApi, expose\nclass Base(BaseApi):\n @expose('/a')\n def a(self): ...\n"
        "class One(Base):\n resource_name = 'one'\nclass Two(Base):\n route_base = '/two'",
        ["GET /api/v1/one/a", "GET /two/a"],
    ),
    "subclass of Flask": ("class Shop(flask.Flask): ...\napp = Shop('x')\n@app.get('/a')\ndef a(): ...", ["GET /a"]),
    "another framework": ("import fastapi\napp = fastapi.FastAPI()\n@app.get('/a')\ndef a(): ...", []),
    "a client's method": ("import requests\ns = requests.Session()\n@s.get('/a')\ndef a(): ...", []),
    "a decorator named get": ("@registry.get('key')\ndef a(): ...", []),
}


@pytest.mark.parametrize("case", [pytest.param(each, id=name) for name, each in ROUTES.items()])
def test_routes(case: tuple[str, list[str]]) -> None:
    """Each way of making a route gives its operations, prefixed, with its own methods alone."""
    text, expected = case
    found = [str(each) for route in module("import flask\n" + text).routes for each in route.endpoints]
    assert sorted(found) == expected


def test_prefixes_across_modules() -> None:
    """A blueprint made, filled and registered in three files, in a factory, has one prefix."""
    found = package(
        {
            "shop/__init__.py": "from flask import Flask\nfrom shop.api import bp\n\ndef create_app():\n"
            "    app = Flask(__name__)\n    app.register_blueprint(bp, url_prefix='/api')\n    return app\n",
            "shop/api/__init__.py": "from flask import Blueprint\nbp = Blueprint('api', __name__)\n"
            "from . import orders\n",
            "shop/api/orders.py": "from shop.api import bp\n\n@bp.get('/orders')\ndef orders(): ...\n",
        }
    )
    (route,) = found.routes
    assert [str(each) for each in route.endpoints] == ["GET /api/orders"]
    assert (route.place.uri, route.place.line) == ("shop/api/orders.py", 3)


APPLICATION = """
    from functools import wraps
    from flask import Flask
    from flask.views import MethodView

    app = Flask(__name__)

    def plain(view):
        @wraps(view)
        def wrapper(*args, **kwargs):
            return view(*args, **kwargs)
        return wrapper

    @app.get("/bare")
    def bare():
        return ""

    @app.get("/decorated")
    @plain
    @plain
    def decorated():
        return ""

    def added():
        return ""

    @plain
    def added_decorated():
        return ""

    class Item(MethodView):
        def get(self):
            return ""

        @plain
        def put(self):
            return ""

    app.add_url_rule("/added", view_func=added)
    app.add_url_rule("/added/decorated", view_func=plain(added_decorated))
    app.add_url_rule("/item", view_func=Item.as_view("item"))
"""


def test_view_lines_are_those_of_the_running_application(tmp_path: Path) -> None:
    """`Route.view` is where Python says that the unwrapped function begins: the running application says the same."""
    file = tmp_path / "shop.py"
    file.write_text(textwrap.dedent(APPLICATION))
    spec = importlib.util.spec_from_file_location("shop_of_view_lines", file)
    assert spec
    assert spec.loader
    running = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(running)
    routes = read_project([("shop.py", file.read_bytes())]).routes
    read = {str(each): route.view.line for route in routes for each in route.endpoints}
    assert read == dict(_first_lines(running.app))


def _first_lines(app: Flask) -> list[tuple[str, int]]:
    found = []
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            function = app.view_functions[rule.endpoint]
            function = getattr(getattr(function, "view_class", None), method.lower(), function)
            while hasattr(function, "__wrapped__"):
                function = function.__wrapped__
            if rule.endpoint != "static":
                found.append((f"{method} {rule.rule}", function.__code__.co_firstlineno))
    return found
