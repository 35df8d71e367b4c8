"""An account that another user ends, with all of its tokens."""

import secrets

from flask import Flask, abort, request

from stopper.io.login import LoginFlow, NamedOperation
from stopper.secret import Secret

app = Flask(__name__)
ADMIN = "adm-7c1e93b5a2d84f60"
LOGIN = LoginFlow("/login", operations=(("disable", NamedOperation("/users/ada/disable", bearer="none")),))
ANOTHER = LoginFlow("", given=Secret(ADMIN))
live, ended = set(), []


def login(client):
    return client.post("/login").get_json()["access_token"]


@app.post("/login")
def sign_in():
    if ended:
        abort(403)
    token = secrets.token_urlsafe(32)
    live.add(token)
    return {"access_token": token}


@app.post("/users/ada/disable")  # ok
def disable():
    if request.headers.get("Authorization") != f"Bearer {ADMIN}":
        abort(403)
    ended.append(1)
    live.clear()
    return {"disabled": True}


@app.get("/me")
def me():
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in live:
        abort(401)
    return {"user": "ada"}
