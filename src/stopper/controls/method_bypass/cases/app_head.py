"""A check that lets HEAD pass."""

from flask import Flask, abort, request

app = Flask(__name__)


def login(client):
    return "tok_5d41402abc4b2a76b9719d911017c592"


def check():
    if request.method != "HEAD" and request.headers.get("Authorization") != f"Bearer {login(None)}":
        abort(401)


@app.get("/orders")  # bad
def orders():
    check()
    return {"orders": [1, 2]}


@app.get("/stock")  # ok
def stock():
    if request.headers.get("Authorization") != f"Bearer {login(None)}":
        abort(401)
    return {"stock": [1, 2]}
