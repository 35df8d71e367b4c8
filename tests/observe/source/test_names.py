"""What names mean: through imports, assignments, classes and instances, across modules."""

from __future__ import annotations

import ast
import time

import pytest

from stopper.observe.source import UNKNOWN, read_project
from tests.observe.source.projects import marked, module, named, package

ONE_FILE = {
    "import": ("import jwt\nhere(jwt.decode)", "jwt.decode"),
    "alias": ("from flask import request as r\nhere(r.args.get)", "flask.request.args.get"),
    "submodule": ("import authlib.jose\nhere(authlib.jose.jwt.decode)", "authlib.jose.jwt.decode"),
    "instance": ("from flask import Flask\napp = Flask(__name__)\nhere(app.route)", "flask.Flask.route"),
    "random by another name": (
        "from random import SystemRandom\nrandom = SystemRandom()\nhere(random.choice)",
        "random.SystemRandom.choice",
    ),
    "local import": ("def f():\n    import secrets as s\n    here(s.token_hex)", "secrets.token_hex"),
    "local shadows": ("import jwt\ndef f(jwt):\n    here(jwt.decode)", None),
    "parameter with a type": (
        "from flask import Flask\ndef f(app: Flask):\n    here(app.config)",
        "flask.Flask.config",
    ),
    "factory": (
        "from flask import Flask\ndef create():\n    app = Flask('x')\n    return app\nhere(create().config)",
        "flask.Flask.config",
    ),
    "self": (
        "import requests\nclass A:\n def __init__(self):\n  self.s = requests.Session()\n"
        " def f(self):\n  here(self.s.get)",
        "requests.Session.get",
    ),
    "method": ("class A:\n def g(self): ...\n def f(self):\n  here(self.g)", "app.A.g"),
    "method of a base": ("class B:\n def g(self): ...\nclass A(B): ...\nhere(A().g)", "app.B.g"),
    "base outside": ("from flask import Flask\nclass A(Flask): ...\nhere(A('x').route)", "flask.Flask.route"),
    "try": ("try:\n import jwt\nexcept ImportError:\n jwt = None\nhere(jwt.decode)", "jwt.decode"),
    "current_app": ("from flask import current_app\nhere(current_app.config)", "flask.Flask.config"),
    "logger": ("import logging\nlog = logging.getLogger()\nhere(log.info)", "logging.Logger.info"),
    "builtin": ("here(print)", "print"),
    "unknown": ("here(nothing.at_all)", None),
    "result of a call": ("import secrets\ntoken = secrets.token_hex()\nhere(token)", None),
    "decorator is outside": ("def g(x): ...\ndef f(g):\n    @here(g)\n    def h(): ...", None),
    "with": ("import requests\nwith requests.Session() as s:\n    here(s.get)", "requests.Session.get"),
    "itself": ("x = x\nhere(x)", None),
}


@pytest.mark.parametrize("case", [pytest.param(each, id=name) for name, each in ONE_FILE.items()])
def test_qualified(case: tuple[str, str | None]) -> None:
    """An expression is named by what it stands for, an object by its class."""
    text, expected = case
    each = module("import flask\n" + text)
    assert each.qualified(marked(each)) == expected


ACROSS = {
    "absolute": ("from shop.ext import jwt\nhere(jwt.init_app)", "flask_jwt_extended.JWTManager.init_app"),
    "relative": ("from .ext import jwt as j\nhere(j.init_app)", "flask_jwt_extended.JWTManager.init_app"),
    "module": ("from . import ext\nhere(ext.jwt.init_app)", "flask_jwt_extended.JWTManager.init_app"),
    "re-export": ("from shop import jwt\nhere(jwt.init_app)", "flask_jwt_extended.JWTManager.init_app"),
    "star": ("from .ext import *\nhere(jwt.init_app)", "flask_jwt_extended.JWTManager.init_app"),
    "star of a star": ("from shop.deep import *\nhere(jwt.init_app)", "flask_jwt_extended.JWTManager.init_app"),
    "function": ("from shop.ext import load\nhere(load)", "shop.ext.load"),
    "not relevant by itself": ("from shop.plain import add\nhere(add)", "shop.plain.add"),
    "whole path": ("import shop.ext\nhere(shop.ext.load)", "shop.ext.load"),
    "standard library": ("import json\nhere(json.dumps)", "json.dumps"),
    "library of the same name": ("import jwt\nhere(jwt.decode)", "jwt.decode"),
}


@pytest.mark.parametrize("case", [pytest.param(each, id=name) for name, each in ACROSS.items()])
def test_across_modules(case: tuple[str, str]) -> None:
    """Names are followed through imports, re-exports and star imports, and no further than the project."""
    text, expected = case
    found = package(
        {
            "shop/__init__.py": "from .ext import jwt\n",
            "shop/ext.py": "from flask_jwt_extended import JWTManager\njwt = JWTManager()\ndef load(): ...\n",
            "shop/deep.py": "from .ext import *\nimport flask\n",
            "shop/plain.py": "def add(a, b):\n    return a + b\n",
            "shop/json.py": "import flask\ndumps = 1\n",
            "jwt.py": "import flask\ndef decode(): ...\n",
            "shop/views.py": "import flask\n" + text,
        }
    )
    each = named(found, "shop/views.py")
    assert each.qualified(marked(each)) == expected


def test_circles_end() -> None:
    """Modules that import everything from each other, and names that mean each other, end in an answer."""
    files = {f"m{n}.py": "import flask\n" + "".join(f"from m{k} import *\n" for k in range(12)) for n in range(12)}
    files["m3.py"] += "from flask import Flask\napp = Flask('x')\n"
    files["use.py"] = "import flask\nfrom m0 import *\nhere(app.route)\nhere(nothing)\n"
    start = time.monotonic()
    each = named(package(files), "use.py")
    assert each.qualified(marked(each)) == "flask.Flask.route"
    assert time.monotonic() - start < 5


def test_circles_hide_nothing() -> None:
    """A name met in the middle of a circle, where it has no meaning yet, has one when it is asked for itself."""
    each = module("import flask\na = b\nb = a\nb = flask.Flask('x')\nhere(a)\n")
    assert each.qualified(marked(each)) == "flask.Flask"
    assert [each.qualified(node.value) for node in each.nodes(ast.Assign)] == ["flask.Flask"] * 3


@pytest.mark.parametrize("last", ["Flask('x')", "n0"])
def test_names_bound_to_one_another_many_times(last: str) -> None:
    """A circle of names, each bound many times, is not followed in every order, and hides nothing beside it."""
    names = [f"n{number}" for number in range(20)]
    circle = "\n".join(f" {one} = {other} or {other}" for one in names for other in names)
    each = module(f"from flask import Flask\ndef f(n0):\n{circle}\n n19 = {last}\n here(n0)\n there(n19)")
    start = time.monotonic()
    assert [each.qualified(marked(each, name)) for name in ("there", "here")] == [
        "flask.Flask" if last != "n0" else None
    ] * 2
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    "text",
    [
        "here(a" + ".b" * 900 + ")",
        "here(" + "+".join(["'a'"] * 900) + ")",
        "here(" + "not " * 900 + "a)",
        "\n".join(f"class A{n}(A{n - 1}, A{n - 1}): ..." for n in range(1, 60)) + "\nhere(A59.x)",
        "\n".join(f"a{n} = a{n + 1}" for n in range(2000)) + "\nhere(a0)",
        "\n".join(f"def f{n}():\n    return f{n + 1}()" for n in range(500)) + "\nhere(f0())",
    ],
    ids=["attributes", "sum", "not", "diamonds", "names", "calls"],
)
def test_hostile_chains(text: str) -> None:
    """Chains that would exhaust the stack or the clock end soon, without a meaning."""
    each = module("import flask\n" + text)
    start = time.monotonic()
    assert each.qualified(marked(each)) is None
    each.constant(marked(each))
    assert time.monotonic() - start < 5


CONSTANTS = {
    "literal": ("here('a')", "a"),
    "none": ("here(None)", None),
    "name": ("K = 'a'\nhere(K)", "a"),
    "two values": ("K = 'a'\nK = 'b'\nhere(K)", UNKNOWN),
    "same value twice": ("K = 'a'\nif x:\n K = 'a'\nhere(K)", "a"),
    "grown": ("K = 'a'\nK += 'b'\nhere(K)", UNKNOWN),
    "parameter": ("K = 'a'\ndef f(K):\n here(K)", UNKNOWN),
    "concatenation": ("K = 'a'\nhere(K + 'b' 'c')", "abc"),
    "formatted": ("K = 'a'\nhere(f'{K}/x')", "a/x"),
    "product": ("here(60 * 60 * 24)", 86_400),
    "class attribute": ("class C:\n K = 'a'\nhere(C.K)", "a"),
    "class attribute of a base": ("class B:\n K = 'a'\nclass C(B): ...\nhere(C.K)", "a"),
    "on self": ("class C:\n K = 'a'\n def f(self):\n  here(self.K)", "a"),
    "list": ("K = ['HS256']\nhere(K + ['none'])", ["HS256", "none"]),
    "tuple": ("here(('a', 1))", ("a", 1)),
    "mapping": ("here({'a': 1})", {"a": 1}),
    "mapping with an unknown": ("here({'a': x})", UNKNOWN),
    "encoded": ("here('a'.encode())", b"a"),
    "call": ("here(f())", UNKNOWN),
    "huge": ("here(2 ** 99 * 9 ** 999999999)", UNKNOWN),
    "repeated text": ("here('a' * 999999999)", UNKNOWN),
    "bool is no number": ("K = True\nif x:\n K = 1\nhere(K)", UNKNOWN),
}


@pytest.mark.parametrize("case", [pytest.param(each, id=name) for name, each in CONSTANTS.items()])
def test_constant(case: tuple[str, object]) -> None:
    """An expression's value is told where it is always the same, and only there."""
    text, expected = case
    each = module("import flask\n" + text)
    found = each.constant(marked(each))
    assert found == expected
    assert type(found) is type(expected)


def test_constant_across_modules() -> None:
    """Constants are followed into other modules: by name, by module, by star."""
    found = package(
        {
            "config.py": "KEY = 'a'\nclass Config:\n    KEY = 'b'\n",
            "use.py": "import flask, config\nfrom config import *\nfrom config import KEY as K\n"
            "here((K, KEY, config.KEY, config.Config.KEY, Config.KEY))\n",
        }
    )
    each = named(found, "use.py")
    assert each.constant(marked(each)) == ("a", "a", "a", "b", "b")


def test_place() -> None:
    """A place has the file, line and column counted from 1, and the line's text."""
    each = module("import flask\nx = 1\n\n\ndef f():\n    return here(x)\n")
    place = each.place(marked(each))
    assert (place.uri, place.line, place.column, place.text) == ("app.py", 6, 17, "    return here(x)")


def test_package_scanned_from_inside() -> None:
    """A package scanned by its own folder finds itself under its own name."""
    files = [("__init__.py", b""), ("ext.py", b"import flask\ndef load(): ...\n")]
    files.append(("views.py", b"import flask\nfrom shop.ext import load\nhere(load)\n"))
    each = named(read_project(files, "shop"), "views.py")
    assert each.qualified(marked(each)) == "ext.load"
