"""An API whose tokens are counted."""

import itertools
from flask import Flask, abort, request

from stopper.io.login import LoginFlow

app = Flask(__name__)
LOGIN = LoginFlow("/login", body=b'{"user": "ada"}', samples=20, words=("ada",))
issued = set()
numbers = itertools.count(81_734_512_907)


def login(client):
    return client.post("/login").get_json()["access_token"]


@app.post("/login")  # bad
def sign_in():
    token = f"session-{next(numbers)}-of-shop"
    issued.add(token)
    return {"access_token": token}


@app.get("/me")
def me():
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in issued:
        abort(401)
    return {"user": "ada"}
