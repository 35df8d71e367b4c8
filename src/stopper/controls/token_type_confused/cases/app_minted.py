"""Guards that ignore the kind that a token says it is, beside one that looks; the key is at hand."""

import time

import jwt
from flask import Flask, abort, request

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"


def login(client):
    return jwt.encode({"sub": "ada", "type": "access", "exp": int(time.time()) + 600}, KEY, "HS256", {"typ": "at+jwt"})


def token():
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    return given


def claims():
    try:
        return jwt.decode(token(), KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        abort(401)


@app.get("/claim-ignored")  # bad
def claim_ignored():
    subject = claims()["sub"]
    if jwt.get_unverified_header(token())["typ"] != "at+jwt":
        abort(401)
    return {"subject": subject}


@app.get("/header-ignored")  # bad
def header_ignored():
    if claims()["type"] != "access":
        abort(401)
    return {"subject": claims()["sub"]}


@app.get("/both")  # ok
def both():
    if claims()["type"] != "access" or jwt.get_unverified_header(token())["typ"] != "at+jwt":
        abort(401)
    return {"subject": claims()["sub"]}
