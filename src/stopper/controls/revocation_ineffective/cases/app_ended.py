"""An API that ends the token."""

import secrets

from flask import Flask, abort, request

from stopper.io.login import LoginFlow, NamedOperation

app = Flask(__name__)
LOGIN = LoginFlow("/login", operations=(("logout", NamedOperation("/logout")),))
live = set()


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
    live.discard(token)
    return {"message": "logged out"}


@app.get("/me")
def me():
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in live:
        abort(401)
    return {"user": "ada"}
