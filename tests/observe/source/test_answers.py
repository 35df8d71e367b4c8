"""Which values reach a client: returned, put into an answer, handed on, raised; and what only stays inside."""

from __future__ import annotations

import ast

import pytest

from stopper.observe.source.answers import answers, handles_errors, reaches_client
from tests.observe.source.projects import module

HEAD = """
import logging
from functools import wraps
from flask import Flask, abort, flash, jsonify, make_response, render_template, session
from werkzeug.exceptions import BadRequest
app = Flask(__name__)

def wrapped(value):
    return {"error": value}

def quiet(value):
    logging.info(value)

def fail_with(message):
    return jsonify(message=message), 400
"""

REACHES = {
    "return here": True,
    "return jsonify(error=str(here))": True,
    "return {'error': f'no {here}'}, 400": True,
    "return make_response('%s' % here)": True,
    "return render_template('x.html', error=here)": True,
    "abort(400, description=here)": True,
    "flash(str(here))": True,
    "raise BadRequest(here)": True,
    "raise ValueError(here)": False,
    "text = str(here)\n        return text": True,
    "text = str(here)\n        return 'failed'": False,
    "body = {}\n        body['error'] = here\n        return body": True,
    "return wrapped(here)": False,
    "return error_response(here)": True,
    "return 'a' if here else 'b'": False,
    "return [each for each in () if here]": False,
    "return TABLE[here]": False,
    "return here == 1": False,
    "quiet(here)": False,
    "session['x'] = here": False,
    "logging.info(here)": False,
    "if app.debug:\n            return here": False,
    "if app.debug:\n            pass\n        else:\n            return here": True,
    "return here if app.debug else ''": False,
}


@pytest.mark.parametrize("written", REACHES)
def test_reaches_client(written: str) -> None:
    """A view's answer takes in what it is made of, and not what decides, is logged or debugged."""
    each = module(f"{HEAD}@app.get('/')\ndef view():\n    if True:\n        {written}\n")
    node = next(node for node in each.nodes(ast.Name) if node.id == "here")
    assert reaches_client(each, node) is REACHES[written]


def test_what_a_helper_returns_reaches_the_client_of_its_callers() -> None:
    """A function's answer is one where a view returns it, and none where a view only looks at it."""
    text = f"{HEAD}def helper():\n    return here\n@app.get('/')\ndef view():\n    "
    for body, expected in {"return helper()": True, "helper()\n    return 'x'": False}.items():
        each = module(text + body)
        node = next(node for node in each.nodes(ast.Name) if node.id == "here")
        assert reaches_client(each, node) is expected


def test_answers() -> None:
    """Views, error handlers and the wrappers of guards answer; helpers do not."""
    text = """
@app.errorhandler(400)
def handler(error): ...
def guard(view):
    @wraps(view)
    def wrapper(): ...
    return wrapper
@app.get('/')
@guard
def view(): ...
"""
    each = module(HEAD + text)
    told = {node.name: answers(each, node) for node in each.nodes(ast.FunctionDef)}
    assert {name for name, is_one in told.items() if is_one} == {"handler", "wrapper", "view"}
    assert [node.name for node in each.nodes(ast.FunctionDef) if handles_errors(node)] == ["handler"]
