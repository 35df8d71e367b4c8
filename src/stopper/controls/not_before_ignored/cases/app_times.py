"""Decoders that look at `nbf`, do not, or allow an hour."""

import time

import jwt
from flask import Flask, abort, request

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"


def login(client):
    now = int(time.time())
    return jwt.encode({"sub": "ada", "iat": now, "nbf": now, "exp": now + 600}, KEY, "HS256")


def subject(**options):
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    try:
        return {"subject": jwt.decode(token, KEY, algorithms=["HS256"], **options)["sub"]}
    except jwt.InvalidTokenError:
        abort(401)


@app.get("/switched-off")  # bad
def switched_off():
    return subject(options={"verify_nbf": False})


@app.get("/an-hour")  # bad
def an_hour():
    return subject(leeway=3600)


@app.get("/checked")  # ok
def checked():
    return subject(leeway=60)
