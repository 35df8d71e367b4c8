"""A server that answers HEAD to whatever path, so that its answer to this one says nothing."""

from flask import Flask, abort, request

app = Flask(__name__)


def login(client):
    return "tok_5d41402abc4b2a76b9719d911017c592"


@app.before_request
def everything():
    return "" if request.method == "HEAD" else None


@app.get("/orders")
def orders():
    if request.headers.get("Authorization") != f"Bearer {login(None)}":
        abort(401)
    return {"orders": [1, 2]}
