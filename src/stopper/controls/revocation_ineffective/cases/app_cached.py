"""An API that ends the token within a second or two, when its cache forgets it."""

import secrets
import time

from flask import Flask, abort, request

from stopper.io.login import LoginFlow, NamedOperation

app = Flask(__name__)
LOGIN = LoginFlow("/login", operations=(("logout", NamedOperation("/logout")),))
live = set()
ended = {}


def login(client):
    return client.post("/login").get_json()["access_token"]


@app.post("/login")
def sign_in():
    token = secrets.token_urlsafe(32)
    live.add(token)
    return {"access_token": token}


@app.post("/logout")  # ok
def sign_out():
    token = request.headers["Authorization"].removeprefix("Bearer ")
    ended[token] = time.monotonic()
    return {"message": "logged out"}


@app.get("/me")
def me():
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token not in live or time.monotonic() - ended.get(token, time.monotonic()) > 0.5:
        abort(401)
    return {"user": "ada"}
