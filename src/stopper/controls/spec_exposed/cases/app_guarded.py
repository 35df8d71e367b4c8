"""A guarded API that shows its description to those who are logged in, and one page for whatever is not there."""

from flask import Flask, abort, request

app = Flask(__name__)


def login(client):
    return "tok_5d41402abc4b2a76b9719d911017c592"


def check():
    if request.headers.get("Authorization") != f"Bearer {login(None)}":
        abort(401)


@app.get("/orders")
def orders():
    check()
    return {"orders": []}


@app.get("/openapi.json")  # ok
def description():
    check()
    return {"openapi": "3.1.0", "info": {"title": "Shop"}, "paths": {"/orders": {}}}


@app.errorhandler(404)
def anything(error):
    return {"page": "welcome", "openapi": "ask us"}
