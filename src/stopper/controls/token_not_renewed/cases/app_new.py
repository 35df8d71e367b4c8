"""An API that gives another token at every login."""

import secrets

from flask import Flask, abort, request

from stopper.io.login import LoginFlow

app = Flask(__name__)
LOGIN = LoginFlow("/login")
live = set()


def login(client):
    return client.post("/login").get_json()["access_token"]


@app.post("/login")  # ok
def sign_in():
    token = secrets.token_urlsafe(32)
    live.add(token)
    return {"access_token": token}


@app.get("/me")
def me():
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in live:
        abort(401)
    return {"user": "ada"}
