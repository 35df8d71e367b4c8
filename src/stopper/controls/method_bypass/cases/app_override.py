"""A method that a header changes after the check, beside a server that answers OPTIONS and HEAD to everything."""

from flask import Flask, abort, request

app = Flask(__name__)


def login(client):
    return "tok_5d41402abc4b2a76b9719d911017c592"


def known():
    return request.headers.get("Authorization") == f"Bearer {login(None)}"


@app.route("/orders", methods=["GET", "OPTIONS"])  # bad
def orders():
    if request.method == "OPTIONS" and "X-HTTP-Method-Override" not in request.headers:
        return "", 204
    if request.method != "OPTIONS" and not known():
        abort(401)
    return {"orders": [1, 2]}


@app.route("/stock", methods=["GET", "OPTIONS"])  # ok
def stock():
    if request.method == "OPTIONS":
        return {"allow": "GET"}
    if not known():
        abort(401)
    return {"stock": [1, 2]}
