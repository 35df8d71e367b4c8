"""Guards that look whether there is a token, beside one that asks whether it is a good one."""

import hmac

from flask import Flask, abort, request

app = Flask(__name__)
ISSUED = "tok_5d41402abc4b2a76b9719d911017c592"


def presented():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def login(client):
    return ISSUED


@app.get("/present")  # bad
def present():
    if not presented():
        abort(401)
    return {"orders": [1, 2, 3]}


@app.get("/checked")  # ok
def checked():
    if not hmac.compare_digest(presented(), ISSUED):
        abort(401)
    return {"orders": [1, 2, 3]}


@app.get("/public")
def public():
    return {"status": "up"}


@app.get("/says-error")
def says_error():
    if presented() != ISSUED:
        return {"error": "who are you?"}
    return {"orders": [1]}


@app.get("/crashes")
def crashes():
    if not presented():
        abort(401)
    if presented() != ISSUED:
        raise RuntimeError("cannot read the token")
    return {"orders": [1]}


@app.get("/overloaded")
def overloaded():
    if not presented():
        abort(401)
    if presented() != ISSUED:
        abort(503)
    return {"orders": [1]}
