"""Decoders that ask for their own issuer, for any, or for one that is contained; the key is at hand."""

import time

import jwt
from flask import Flask, abort, request

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"
ISSUER = "https://login.test"


def login(client):
    return jwt.encode({"sub": "ada", "iss": ISSUER, "exp": int(time.time()) + 600}, KEY, "HS256")


def claims(**expected):
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    try:
        return jwt.decode(token, KEY, algorithms=["HS256"], **expected)
    except jwt.InvalidTokenError:
        abort(401)


@app.get("/any")  # bad
def any_issuer():
    return {"subject": claims()["sub"]}


@app.get("/begins-alike")  # bad
def begins_alike():
    if not claims()["iss"].startswith(ISSUER):
        abort(401)
    return {"subject": claims()["sub"]}


@app.get("/contained")  # bad
def contained():
    if claims()["iss"] not in ISSUER:
        abort(401)
    return {"subject": claims()["sub"]}


@app.get("/own")  # ok
def own():
    return {"subject": claims(issuer=ISSUER)["sub"]}
