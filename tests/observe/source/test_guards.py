"""Guards: known decorators by name, the project's own by what they do, hooks by what they exempt."""

from __future__ import annotations

import pytest

from stopper.observe.views import Route
from tests.observe.source.projects import module, package

BEFORE = """
import flask, functools, jwt
from flask import abort, current_app, g, jsonify, redirect, request, session, url_for
app = flask.Flask('x')
"""

DECORATORS = {
    "Flask-JWT-Extended": ("from flask_jwt_extended import jwt_required as needed\n", "@needed()", "bearer"),
    "Flask-Login": ("from flask_login import login_required\n", "@login_required", "session"),
    "Flask-HTTPAuth, token": (
        "from flask_httpauth import HTTPTokenAuth\nauth = HTTPTokenAuth()\n",
        "@auth.login_required",
        "bearer",
    ),
    "Flask-HTTPAuth, basic": (
        "from flask_httpauth import HTTPBasicAuth\nauth = HTTPBasicAuth()\n",
        "@auth.login_required(role='admin')",
        "basic",
    ),
    "Flask-Security": ("from flask_security import auth_required\n", "@auth_required('token')", "bearer"),
    "Authlib": (
        "from authlib.integrations.flask_oauth2 import ResourceProtector\nrequire_oauth = ResourceProtector()\n",
        "@require_oauth('profile')",
        "bearer",
    ),
    "APIFlask": ("from apiflask import APIFlask\nshop = APIFlask('x')\n", "@shop.auth_required(auth)", "bearer"),
    "APIFairy": (
        "from apifairy import authenticate\nfrom flask_httpauth import HTTPTokenAuth\nauth = HTTPTokenAuth()\n",
        "@authenticate(auth)",
        "bearer",
    ),
    "the guard": ("from stopper.guard import Guard\nguard = Guard()\n", "@guard.require('write')", "bearer"),
    "of another library, by its name": ("from shared import token_required\n", "@token_required", "unknown"),
    "own, header": (
        "def mine(f):\n @functools.wraps(f)\n def w(*a):\n  if 'Authorization' not in request.headers:\n"
        "   return jsonify(error='x'), 401\n  return f(*a)\n return w\n",
        "@mine",
        "bearer",
    ),
    "own, raising": (
        "def mine(f):\n def w(*a):\n  token = request.headers.get('X-Api-Key')\n  if not token:\n"
        "   raise KeyError\n  return f(*a)\n return w\n",
        "@mine",
        "bearer",
    ),
    "own, one level down": (
        "def caller():\n if not session.get('user'):\n  abort(401)\ndef mine(f):\n def w(*a):\n  caller()\n"
        "  return f(*a)\n return w\n",
        "@mine",
        "session",
    ),
    "own, with arguments": (
        "def mine(role):\n def deco(f):\n  def w(*a):\n   claims = jwt.decode(request.headers['Authorization'], 'k')\n"
        "   if claims['role'] != role:\n    abort(403)\n   return f(*a)\n  return w\n return deco\n",
        "@mine('admin')",
        "bearer",
    ),
    "own, status set later": (
        "def mine(f):\n def w(*a):\n  if not request.headers.get('Authorization'):\n   r = jsonify(message='no')\n"
        "   r.status_code = 401\n   return r\n  return f(*a)\n return w\n",
        "@mine",
        "bearer",
    ),
    "own, login page": (
        "def mine(f):\n def w(*a):\n  if g.user is None:\n   return redirect(url_for('auth.login'))\n"
        "  return f(*a)\n return w\n",
        "@mine",
        "session",
    ),
    "own, bound to a name": (
        "def role(name):\n def deco(f):\n  def w(*a):\n   if not session.get('user'):\n    abort(403)\n"
        "   return f(*a)\n"
        "  return w\n return deco\nadmin = role('admin')\n",
        "@admin",
        "session",
    ),
    "timing": ("def timed(f):\n def w(*a):\n  return f(*a)\n return w\n", "@timed", None),
    "reads and lets through": (
        "def noted(f):\n def w(*a):\n  g.token = request.headers.get('Authorization')\n  return f(*a)\n return w\n",
        "@noted",
        None,
    ),
    "turns users away, not strangers": (
        "from flask_login import current_user\ndef guests(f):\n def w(*a):\n  if current_user.is_authenticated:\n"
        "   return redirect('/')\n  return f(*a)\n return w\n",
        "@guests",
        None,
    ),
    "refuses for another reason": (
        "def small(f):\n def w(*a):\n  if request.content_length > 9:\n   abort(413)\n  return f(*a)\n return w\n",
        "@small",
        None,
    ),
    "a name alone": ("def token_required(f):\n return f\n", "@token_required", None),
    "exempt by name": ("from shared import csrf_token_exempt_required\n", "@csrf_token_exempt_required", None),
    "validation": ("from webargs.flaskparser import use_args\n", "@use_args({})", None),
}


def _route(text: str) -> Route:
    (route,) = module(BEFORE + text).routes
    return route


@pytest.mark.parametrize("case", [pytest.param(each, id=name) for name, each in DECORATORS.items()])
def test_decorator(case: tuple[str, str, str | None]) -> None:
    """A decorator guards when it is known to, or when it reads a credential and turns a stranger away."""
    before, written, kind = case
    route = _route(f"{before}@app.get('/a')\n{written}\ndef a(): ...\n")
    assert route.guarded is (kind is not None)
    assert [guard.kind for guard in route.guards] == ([kind] if kind else [])


@pytest.mark.parametrize("case", [pytest.param(each, id=name) for name, each in DECORATORS.items() if each[2]])
def test_decorator_above_route_guards_nothing(case: tuple[str, str, str | None]) -> None:
    """Above the decorator that registers the view, a guard is kept apart and does not count."""
    before, written, kind = case
    route = _route(f"{before}{written}\n@app.get('/a')\ndef a(): ...\n")
    assert not route.guarded
    assert [guard.kind for guard in route.misplaced] == [kind]


def test_between_two_routes() -> None:
    """A guard between two routes stands before the outer one alone."""
    text = "from flask_login import login_required\n@app.get('/a')\n@login_required\n@app.get('/b')\ndef a(): ...\n"
    first, second = module(BEFORE + text).routes
    assert (first.guarded, second.guarded) == (True, False)


@pytest.mark.parametrize("written", ["@jwt_required(optional=True)", "@jwt_optional", "@jwt_optional()"])
def test_optional(written: str) -> None:
    """A guard that lets strangers through is seen, and does not make the route guarded."""
    text = f"from flask_jwt_extended import jwt_optional, jwt_required\n@app.get('/a')\n{written}\ndef a(): ...\n"
    route = _route(text)
    assert [guard.optional for guard in route.guards] == [True]
    assert not route.guarded


def test_arguments_stay_out_of_what_is_shown() -> None:
    """How a guard is written holds no argument: it may be a secret."""
    text = "from shared import token_required\n@app.get('/a')\n@token_required('canary')\ndef a(): ...\n"
    assert [guard.how for guard in _route(text).guards] == ["@token_required(…)"]


INLINE = {
    "verify": ("from flask_jwt_extended import verify_jwt_in_request\n", "verify_jwt_in_request()", "bearer"),
    "header": ("", "if not request.headers.get('Authorization'):\n  return 'no', 401", "bearer"),
    "failed decode": (
        "",
        "try:\n  jwt.decode(request.headers['Authorization'], 'k')\n except Exception:\n  abort(401)",
        "bearer",
    ),
    "helper's answer": (
        "def check(token):\n return {'ok': token == 'x'}\n",
        "auth = check(request.headers.get('X-Api-Token'))\n if not auth['ok']:\n  return auth",
        "bearer",
    ),
    "permission": (
        "from flask_principal import Permission\np = Permission()\n",
        "if p.can():\n  return 'x'\n count('refused')\n abort(403)",
        "session",
    ),
    "permission by name": (
        "",
        "if 'a' in NAMES and app.manager.has_access('a', 'b'):\n  return 'x'\n return redirect('/login')",
        "session",
    ),
    "answer made by a helper": (
        "def refusal():\n answer = make_response('')\n answer.status_code = 401\n return answer\n",
        "if not request.headers.get('Authorization'):\n  answer = refusal()\n  return answer",
        "bearer",
    ),
    "answer of a helper that refuses nobody": (
        "def made():\n answer = make_response('')\n answer.status_code = 201\n return answer\n",
        "if not request.headers.get('Authorization'):\n  return made()",
        None,
    ),
    "digest": (
        "",
        "sent = request.headers.get('Authorization')\n if not sent or read(sent).type != 'Digest':\n  return 'no', 401",
        "basic",
    ),
    "logged in already": (
        "",
        "if request.args['a'] in session.get('projects', {}):\n  return redirect('/')",
        None,
    ),
    "answer of a provider": (
        "",
        "id_token = fetch().json()['id_token']\n jwt.decode(id_token, 'k')\n jwt.decode(request.args['state'], 'k')",
        None,
    ),
    "history": (
        "",
        "pages = list(session.get('page_history', []))\n if pages.pop() is None:\n  return redirect('/')",
        None,
    ),
    "login": ("", "if request.json['password'] != 'x':\n  return 'no', 401", None),
    "sign-up": ("", "if User.find(request.json['name']):\n  return 'taken', 409", None),
    "after it": (
        "from flask_login import current_user\n",
        "if current_user.is_authenticated:\n  return redirect('/')",
        None,
    ),
    "page for both": (
        "",
        "if session.get('user'):\n  return 'hello'\n name = 'stranger'\n return redirect('/x')",
        None,
    ),
}


@pytest.mark.parametrize("case", [pytest.param(each, id=name) for name, each in INLINE.items()])
def test_inline(case: tuple[str, str, str | None]) -> None:
    """A view guards itself when a stranger is turned away in it, alone or through what it calls."""
    before, body, kind = case
    route = _route(f"{before}@app.post('/a')\ndef a():\n {body}\n return 'x'\n")
    assert [guard.kind for guard in route.guards] == ([kind] if kind else [])


HOOKS = {
    "application": ("@app.before_request\n", "", True, True),
    "blueprint": ("@bp.before_request\n", "", True, False),
    "whole application from a blueprint": ("@bp.before_app_request\n", "", True, True),
    "exempt by view": ("@app.before_request\n", "if request.endpoint == 'b.inner':\n  return", False, True),
    "exempt by list": ("@app.before_request\n", "if request.endpoint in OPEN:\n  return None", True, False),
    "exempt by path": ("@app.before_request\n", "if request.path.startswith('/b'):\n  return", False, True),
    "only under a path": ("@app.before_request\n", "if not request.path.startswith('/b/'):\n  return", True, False),
    "exempt by method": ("@app.before_request\n", "if request.method == 'OPTIONS':\n  return", True, True),
    "exempt by both": (
        "@app.before_request\n",
        "if request.method == 'GET' and request.path in ('/outer',):\n  return",
        True,
        False,
    ),
    "depends on something else": ("@app.before_request\n", "if current_app.testing:\n  return", True, True),
}


@pytest.mark.parametrize("case", [pytest.param(each, id=name) for name, each in HOOKS.items()])
def test_hooks(case: tuple[str, str, bool, bool]) -> None:
    """A hook stands before the routes of its application or blueprint, but for those that it lets through."""
    registered, exempts, inner, outer = case
    text = (
        "OPEN = ['outer', 'static']\nbp = flask.Blueprint('b', 'b', url_prefix='/b')\n"
        f"{registered}def check():\n {exempts or 'g.x = 1'}\n if not request.headers.get('Authorization'):\n"
        "  abort(401)\n"
        "@bp.get('/inner')\ndef inner(): ...\n@app.get('/outer')\ndef outer(): ...\napp.register_blueprint(bp)\n"
    )
    routes = {route.name: route.guarded for route in module(BEFORE + text).routes}
    assert routes == {"inner": inner, "outer": outer}


def test_hook_registered_by_call_in_another_file() -> None:
    """A hook handed to `before_request` guards, wherever it is defined; one that only opens a database does not."""
    found = package(
        {
            "shop/__init__.py": "from flask import Flask\nfrom shop.hooks import check, connect\napp = Flask('x')\n"
            "app.before_request(connect)\napp.before_request(check)\n@app.get('/a')\ndef a(): ...\n",
            "shop/hooks.py": "from flask import abort, g, request\ndef connect():\n    g.db = 1\ndef check():\n"
            "    if request.headers.get('Authorization') is None:\n        abort(401)\n",
        }
    )
    (route,) = found.routes
    assert [guard.how for guard in route.guards] == ["before_request check"]


def test_guard_of_the_application() -> None:
    """`Guard(app)` stands before every route of that application, but for those made public."""
    text = (
        "from stopper.guard import Guard\nother = flask.Flask('y')\nguard = Guard(app)\n@app.get('/a')\ndef a(): ...\n"
        "@app.get('/b')\n@guard.public(plain_http=True)\ndef b(): ...\n@other.get('/c')\ndef c(): ...\n"
    )
    found = {route.name: (route.guarded, route.public) for route in module(BEFORE + text).routes}
    assert found == {"a": (True, False), "b": (False, True), "c": (False, False)}


@pytest.mark.parametrize(
    "made",
    [
        "Guard(app, default='open')",
        "guard = Guard(default='open')\nguard.init_app(app)",
        "Guard(app=app, default='open')",
    ],
)
def test_guard_that_leaves_routes_alone(made: str) -> None:
    """`Guard(app, default="open")` refuses what came in clear and guards no route that does not ask for it."""
    text = f"from stopper.guard import Guard\n{made}\n@app.get('/a')\ndef a(): ...\n"
    assert [(route.name, route.guarded) for route in module(BEFORE + text).routes] == [("a", False)]


def test_class_decorators() -> None:
    """`decorators` and `method_decorators`, a mapping by method too, and inherited ones, stand before the methods."""
    text = """
from flask_jwt_extended import jwt_required
from flask_restful import Api, Resource
api = Api(app)
class Base(Resource):
    method_decorators = [jwt_required()]
class A(Base):
    def get(self): ...
class B(Resource):
    method_decorators = {'put': [jwt_required()]}
    def get(self): ...
    def put(self): ...
api.add_resource(A, '/a')
api.add_resource(B, '/b')
"""
    found = {route.name: route.guarded for route in module(BEFORE + text).routes}
    assert found == {"A.get": True, "B.get": False, "B.put": True}


def test_a_thousand_branches() -> None:
    """A view of a thousand branches neither exhausts the stack nor is called guarded."""
    body = " if x == 0:\n  return 'a'\n" + "".join(f" elif x == {n}:\n  return 'b'\n" for n in range(1, 900))
    assert not _route("@app.get('/a')\ndef a(x=1):\n" + body).guarded
