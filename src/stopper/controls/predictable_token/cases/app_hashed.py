"""An API whose tokens are digests of a number."""

import hashlib
import itertools
from flask import Flask, abort, request

from stopper.io.login import LoginFlow

app = Flask(__name__)
LOGIN = LoginFlow("/login", body=b'{"user": "ada"}', samples=20, words=("ada",))
issued = set()
numbers = itertools.count(4711)


def login(client):
    return client.post("/login").get_json()["access_token"]


@app.post("/login")  # bad
def sign_in():
    token = hashlib.sha1(str(next(numbers)).encode()).hexdigest()
    issued.add(token)
    return {"access_token": token}


@app.get("/me")
def me():
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in issued:
        abort(401)
    return {"user": "ada"}
