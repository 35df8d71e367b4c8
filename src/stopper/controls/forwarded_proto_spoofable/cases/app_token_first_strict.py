"""The token is looked at before the channel, and no header changes what the channel is."""

from flask import Flask, abort, request

app = Flask(__name__)
TOKEN = "tok-5f2b9c4de1a7-4be8"


def login(client):
    return TOKEN


@app.get("/me")  # ok
def me():
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        abort(401)
    if not request.is_secure:
        abort(403)
    return {"user": "ada"}
