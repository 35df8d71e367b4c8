"""Decoders that ask for their own audience, for none, or for one that begins alike; the key is at hand."""

import time

import jwt
from flask import Flask, abort, request

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"


def login(client):
    return jwt.encode({"sub": "ada", "aud": "shop", "exp": int(time.time()) + 600}, KEY, "HS256")


def claims(**expected):
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    try:
        return jwt.decode(token, KEY, algorithms=["HS256"], **expected)
    except jwt.InvalidTokenError:
        abort(401)


@app.get("/switched-off")  # bad
def switched_off():
    return {"subject": claims(options={"verify_aud": False})["sub"]}


@app.get("/begins-alike")  # bad
def begins_alike():
    found = claims(options={"verify_aud": False})
    if not isinstance(found["aud"], str) or not found["aud"].startswith("shop"):
        abort(401)
    return {"subject": found["sub"]}


@app.get("/own")  # ok
def own():
    return {"subject": claims(audience="shop")["sub"]}
