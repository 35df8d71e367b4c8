"""The token is looked at before the channel: only a caller with a good one sees the refusal that a header lifts."""

from flask import Flask, abort, request

app = Flask(__name__)
TOKEN = "tok-5f2b9c4de1a7-4be8"


def login(client):
    return TOKEN


def checked():
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        abort(401)


@app.get("/me")  # bad
def me():
    checked()
    if not (request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"):
        abort(403)
    return {"user": "ada"}
