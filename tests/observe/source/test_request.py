"""What is taken from the request: which part of it, under which name, whichever way it is written."""

from __future__ import annotations

import pytest

from stopper.observe.source.request import Taken, all_taken, taken
from tests.observe.source.projects import marked, module

TAKEN = {
    "request.headers['X-Token']": ("headers", "x-token", False),
    "request.headers.get('Authorization')": ("headers", "authorization", False),
    "r.args.get('token', '')": ("args", "token", False),
    "request.values.getlist('token')": ("values", "token", False),
    "request.get_json()['token']": ("json", "token", False),
    "request.json['token']": ("json", "token", False),
    "flask.request.cookies.get(NAME)": ("cookies", "sid", False),
    "'token' in request.args": ("args", "token", True),
    "'token' not in request.form": ("form", "token", True),
    "request.environ['HTTP_X_FORWARDED_PROTO']": ("headers", "x-forwarded-proto", False),
    "request.environ['REMOTE_ADDR']": None,
    "found.get('token')": ("args", "token", False),
    "self.request.headers['X']": ("headers", "x", False),
    "request.args.get(unknown())": None,
    "response.headers['X']": None,
    "config['token']": None,
    "request.remote_addr": None,
    "'a' < 'b'": None,
}


@pytest.mark.parametrize("written", TAKEN)
def test_taken(written: str) -> None:
    """Each way to ask the request is told; what is no part of it, or is asked for by no known name, is not."""
    head = "import flask, requests\nfrom flask import request, request as r\nNAME = 'sid'\nfound = request.args\n"
    each = module(f"{head}response = requests.get('https://a.test')\nhere({written})")
    found = taken(each, marked(each))
    assert (found and (found.part, found.name, found.presence)) == TAKEN[written]


def test_headers_that_are_handed_on() -> None:
    """`headers` as a function's parameter is the request's; a local mapping of that name is not."""
    each = module("from flask import request\ndef f(headers):\n    return here(headers['X-Token'])")
    assert isinstance(taken(each, marked(each)), Taken)
    other = module("from flask import request\ndef f():\n    headers = {}\n    return here(headers['X-Token'])")
    assert taken(other, marked(other)) is None


def test_all_taken() -> None:
    """Everything a module takes is listed; a module that knows no request is not walked."""
    asked = "a = request.args['a']\nb = request.form.get('b')\nc = 'c' in request.json"
    each = module(f"from flask import request\n{asked}")
    assert sorted(found.name for found in all_taken(each)) == ["a", "b", "c"]
    assert list(all_taken(module("import flask\na = b['c']"))) == []
