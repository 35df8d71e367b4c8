"""A guard that reads a bound token as any other, beside one that asks for the proof, which nobody here can give."""

import time

import jwt
from flask import Flask, abort, request

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"


def login(client):
    claims = {"sub": "ada", "exp": int(time.time()) + 600, "cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}
    return jwt.encode(claims, KEY, "HS256")


def claims():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    try:
        return jwt.decode(token, KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        abort(401)


@app.get("/dropped")  # bad
def dropped():
    return {"subject": claims()["sub"]}


@app.get("/demanded")
def demanded():
    if "cnf" in claims() and "DPoP" not in request.headers:
        abort(401)
    return {"subject": claims()["sub"]}
