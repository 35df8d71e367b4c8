"""Passwords may be tried for ever."""

import itertools
import secrets

from flask import Flask, abort, request

from stopper.io.login import LoginFlow

app = Flask(__name__)
JSON = (("Content-Type", "application/json"),)
live, wrong, tries = set(), [], itertools.count()


def mistaken():
    return LoginFlow("/login", headers=JSON, body=b'{"password": "wrong-%d"}' % next(tries))


LOGIN = LoginFlow("/login", headers=JSON, body=b'{"password": "right"}', throwaway=True, tries=8, wrong=mistaken)


def login(client):
    return client.post("/login", json={"password": "right"}).get_json()["access_token"]


@app.post("/login")  # bad
def sign_in():
    if request.get_json()["password"] != "right":
        abort(401)
    token = secrets.token_urlsafe(32)
    live.add(token)
    return {"access_token": token}


@app.get("/me")
def me():
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in live:
        abort(401)
    return {"user": "ada"}
