"""An API whose tokens are UUIDs of the system's generator."""

import uuid
from flask import Flask, abort, request

from stopper.io.login import LoginFlow

app = Flask(__name__)
LOGIN = LoginFlow("/login", body=b'{"user": "ada"}', samples=165, words=("ada",))
issued = set()


def login(client):
    return client.post("/login").get_json()["access_token"]


@app.post("/login")  # ok
def sign_in():
    token = str(uuid.uuid4())
    issued.add(token)
    return {"access_token": token}


@app.get("/me")
def me():
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in issued:
        abort(401)
    return {"user": "ada"}
