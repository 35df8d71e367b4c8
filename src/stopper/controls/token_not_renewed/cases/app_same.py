"""An API that gives the same token at every login."""

import secrets

from flask import Flask, abort, request

from stopper.io.login import LoginFlow

app = Flask(__name__)
KEPT = secrets.token_urlsafe(32)
LOGIN = LoginFlow("/login")
live = {KEPT}


def login(client):
    return client.post("/login").get_json()["access_token"]


@app.post("/login")  # bad
def sign_in():
    return {"access_token": KEPT}


@app.get("/me")
def me():
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in live:
        abort(401)
    return {"user": "ada"}
