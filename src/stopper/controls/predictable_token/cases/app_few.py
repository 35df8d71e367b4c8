"""An API whose tokens are made of a long constant and a few letters."""

import secrets
from flask import Flask, abort, request

from stopper.io.login import LoginFlow

app = Flask(__name__)
LOGIN = LoginFlow("/login", body=b'{"user": "ada"}', samples=20, words=("ada",))
issued = set()


def login(client):
    return client.post("/login").get_json()["access_token"]


@app.post("/login")  # bad
def sign_in():
    token = "shop-session-token-of-the-year-" + secrets.token_hex(4)
    issued.add(token)
    return {"access_token": token}


@app.get("/me")
def me():
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in issued:
        abort(401)
    return {"user": "ada"}
