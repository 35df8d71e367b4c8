"""An API whose tokens are signed with a key that is none of the guesses."""

import time

import jwt
from flask import Flask, abort, request

app = Flask(__name__)
SIGNED_WITH = "5f2b9c4de1a7-8c1d2e3f4a5b-not-to-be-guessed"


def login(client):
    return jwt.encode({"sub": "ada", "exp": int(time.time()) + 600}, SIGNED_WITH, "HS256")


@app.get("/me")  # ok
def me():
    try:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return {"subject": jwt.decode(token, SIGNED_WITH, algorithms=["HS256"])["sub"]}
    except jwt.InvalidTokenError:
        abort(401)
