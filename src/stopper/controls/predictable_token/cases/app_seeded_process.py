"""An API whose tokens are drawn by a generator that its process seeded with its id."""

import random
import string
from flask import Flask, abort, request

from stopper.io.login import LoginFlow

app = Flask(__name__)
LOGIN = LoginFlow("/login", body=b'{"user": "ada"}', samples=20, words=("ada",))
issued = set()
WORKER = 412  # what os.getpid() gave the worker in its container
generator = random.Random(WORKER)
earlier = [generator.choices(string.ascii_letters, k=30) for _ in range(9)]


def login(client):
    return client.post("/login").get_json()["access_token"]


@app.post("/login")  # bad
def sign_in():
    token = "".join(generator.choices(string.ascii_letters, k=30))
    issued.add(token)
    return {"access_token": token}


@app.get("/me")
def me():
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in issued:
        abort(401)
    return {"user": "ada"}
