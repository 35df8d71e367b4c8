"""A guarded API that serves its description to everybody."""

from flask import Flask, abort, request

app = Flask(__name__)


def login(client):
    return "tok_5d41402abc4b2a76b9719d911017c592"


@app.get("/orders")  # bad
def orders():
    if request.headers.get("Authorization") != f"Bearer {login(None)}":
        abort(401)
    return {"orders": []}


@app.get("/openapi.json")
def description():
    return {"openapi": "3.1.0", "info": {"title": "Shop"}, "paths": {"/orders": {}}}
