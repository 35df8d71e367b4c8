"""An API that tells what is wrong with a token, beside operations that do not."""

import time

import jwt
from flask import Flask, request

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"


def login(client):
    return jwt.encode({"sub": "ada", "exp": int(time.time()) + 600}, KEY, "HS256")


def answered(said):
    try:
        claims = jwt.decode(request.headers.get("Authorization", "").removeprefix("Bearer "), KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        return {"error": said(error)}, 401
    return {"subject": claims["sub"]}


@app.get("/by-class")  # bad
def by_class():
    return answered(lambda error: type(error).__name__)


@app.get("/expired-only")  # bad
def expired_only():
    return answered(lambda error: "expired" if isinstance(error, jwt.ExpiredSignatureError) else "invalid")


@app.get("/alike")  # ok
def alike():
    return answered(lambda error: "invalid_token")
