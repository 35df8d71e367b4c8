"""Refusals without a challenge."""

import functools

from flask import Flask, abort, jsonify, request

app = Flask(__name__)


def token_required(view):
    @functools.wraps(view)
    def guarded(*args, **kwargs):
        if "Authorization" not in request.headers:
            abort(401, "no token")
        return view(*args, **kwargs)

    return guarded


@app.get("/a")  # bad
def returned():
    if "Authorization" not in request.headers:
        return jsonify(error="please log in"), 401  # in words
    return {}


@app.get("/b")  # bad
def with_headers():
    if "Authorization" not in request.headers:
        return {"error": "please log in"}, 401, {"X-Shop": "one"}
    return {}


@app.get("/c")  # bad
@token_required
def around():
    return {}


@app.get("/d")  # bad
def elsewhere():
    return refuse()
