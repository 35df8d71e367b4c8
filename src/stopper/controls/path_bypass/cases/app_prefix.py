"""A check that compares the beginning of the path, before a router that tells no cases apart; and one in the view."""

from flask import Flask, abort, request

app = Flask(__name__)
app.url_map.strict_slashes = False
ORDERS = "/orders"


def login(client):
    return "tok_5d41402abc4b2a76b9719d911017c592"


def known():
    return request.headers.get("Authorization") == f"Bearer {login(None)}"


@app.before_request
def check():
    if request.path == ORDERS and not known():
        abort(401)


@app.get("/orders")  # bad
def orders():
    return {"orders": [1, 2]}


@app.get("/stock")  # ok
def stock():
    if not known():
        abort(401)
    return {"stock": [1, 2]}
