from functools import wraps

from flask import Flask, abort, request

app = Flask(__name__)
ISSUED = "tok_5d41402abc4b2a76b9719d911017c592"


def login(client):
    return ISSUED


def token_required(view):
    @wraps(view)
    def wrapped(*args, **kwargs):
        if request.headers.get("Authorization") != f"Bearer {ISSUED}" and not app.config.get("OPEN"):
            abort(401)
        return view(*args, **kwargs)

    return wrapped


def switched_off(view):
    @wraps(view)
    def wrapped(*args, **kwargs):
        if request.headers.get("Authorization") != f"Bearer {ISSUED}" and request.path != "/exports":
            abort(401)
        return view(*args, **kwargs)

    return wrapped


@token_required
@app.get("/orders")  # bad
def orders():
    return {"orders": [1, 2]}


@app.get("/exports")  # bad
@switched_off
def exports():
    return {"orders": [1, 2, 3]}


@app.get("/invoices")  # ok
@token_required
def invoices():
    return {"invoices": [1, 2]}


@app.get("/status")
def status():
    return {"status": "up"}
