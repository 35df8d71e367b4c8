"""An API whose tokens are signed with a key that is easily found."""

import time

import jwt
from flask import Flask, abort, request

app = Flask(__name__)
SIGNED_WITH = "super-secret"


def login(client):
    return jwt.encode({"sub": "ada", "exp": int(time.time()) + 600}, SIGNED_WITH, "HS256")


@app.get("/me")  # bad
def me():
    try:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return {"subject": jwt.decode(token, SIGNED_WITH, algorithms=["HS256"])["sub"]}
    except jwt.InvalidTokenError:
        abort(401)
