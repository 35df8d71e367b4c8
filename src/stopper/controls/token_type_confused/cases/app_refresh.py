"""Guards that take the refresh token of the same login, or ask which of the two it is."""

import time

import jwt
from flask import Flask, abort, request

from stopper.observe.views import Credential
from stopper.observe.wire.jwt import parse
from stopper.secret import Secret

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"


def made(kind, seconds):
    return jwt.encode({"sub": "ada", "kind": kind, "exp": int(time.time()) + seconds}, KEY, "HS256")


def login(client):
    access = made("access", 600)
    return Credential(Secret(access), jwt=parse(access), siblings=(("refresh_token", Secret(made("refresh", 86400))),))


def claims():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    try:
        return jwt.decode(token, KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        abort(401)


@app.get("/any-kind")  # bad
def any_kind():
    return {"subject": claims()["sub"]}


@app.get("/access-only")  # ok
def access_only():
    if claims()["kind"] != "access":
        abort(401)
    return {"subject": claims()["sub"]}


@app.get("/breaks")
def breaks():
    if claims()["kind"] != "access":
        raise KeyError("scopes")
    return {"subject": claims()["sub"]}
