"""An API that seeds random with its process's id for the pauses between tries, and draws its tokens from secrets."""

import os
import random
import secrets
import string
from flask import Flask, abort, request

from stopper.io.login import LoginFlow

app = Flask(__name__)
LOGIN = LoginFlow("/login", body=b'{"user": "ada"}', samples=20, words=("ada",))
issued = set()
random.seed(os.getpid())
PAUSE = random.random()


def login(client):
    return client.post("/login").get_json()["access_token"]


@app.post("/login")  # ok
def sign_in():
    token = "".join(secrets.choice(string.ascii_letters) for _ in range(30))
    issued.add(token)
    return {"access_token": token}


@app.get("/me")
def me():
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in issued:
        abort(401)
    return {"user": "ada"}
