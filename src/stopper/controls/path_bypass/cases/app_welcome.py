"""An API that greets every path it does not know: another spelling of a path is another page."""

from flask import Flask, abort, request

app = Flask(__name__)


def login(client):
    return "tok_5d41402abc4b2a76b9719d911017c592"


@app.get("/orders")  # ok
def orders():
    if request.headers.get("Authorization") != f"Bearer {login(None)}":
        abort(401)
    return {"orders": [1, 2]}


@app.errorhandler(404)
def anything(error):
    return {"page": "welcome"}
