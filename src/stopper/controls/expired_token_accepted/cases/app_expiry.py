"""A decoder that verifies the signature and never looks at `exp`, beside one that does."""

import time

from flask import Flask, abort, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"
KEY_OBJECT = OctKey.import_key(KEY)


def login(client):
    return jwt.encode({"alg": "HS256"}, {"sub": "ada", "exp": int(time.time()) + 600}, KEY_OBJECT)


def claims():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    try:
        return jwt.decode(token, KEY_OBJECT, algorithms=["HS256"]).claims
    except (JoseError, ValueError):
        abort(401)


@app.get("/forgotten")  # bad
def forgotten():
    return {"subject": claims()["sub"]}


@app.get("/a-day-of-leeway")  # bad
def leeway():
    if claims()["exp"] + 86400 < time.time():
        abort(401)
    return {"subject": claims()["sub"]}


@app.get("/checked")  # ok
def checked():
    if claims()["exp"] < time.time():
        abort(401)
    return {"subject": claims()["sub"]}
