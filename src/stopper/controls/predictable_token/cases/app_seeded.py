"""An API whose tokens are drawn after random.seed of the time."""

import random
import string
import time
from flask import Flask, abort, request

from stopper.io.login import LoginFlow

app = Flask(__name__)
LOGIN = LoginFlow("/login", body=b'{"user": "ada"}', samples=20, words=("ada",))
issued = set()
generator = random.Random(int(time.time()))


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
