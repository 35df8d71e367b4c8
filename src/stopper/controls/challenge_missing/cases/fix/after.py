"""Refusals without a challenge."""

import functools

from flask import Flask, abort, jsonify, request
from werkzeug.datastructures import WWWAuthenticate

app = Flask(__name__)


def token_required(view):
    @functools.wraps(view)
    def guarded(*args, **kwargs):
        if "Authorization" not in request.headers:
            abort(401, "no token", www_authenticate=WWWAuthenticate("bearer", {"realm": "api"}))
        return view(*args, **kwargs)

    return guarded


@app.get("/a")  # bad
def returned():
    if "Authorization" not in request.headers:
        return jsonify(error="please log in"), 401, {"WWW-Authenticate": "Bearer"}  # in words
    return {}


@app.get("/b")  # bad
def with_headers():
    if "Authorization" not in request.headers:
        return {"error": "please log in"}, 401, {"WWW-Authenticate": "Bearer", "X-Shop": "one"}
    return {}


@app.get("/c")  # bad
@token_required
def around():
    return {}


@app.get("/d")  # bad
def elsewhere():
    return refuse()
