import base64

from flask import Flask, abort, jsonify, request

app = Flask("repeats_tokens")
TOKEN = "f3b1c0d9e8a74625b1d0c3e2f5a69788"


def login(client):
    return TOKEN


def refused(**said):
    if request.headers.get("Authorization") == f"Bearer {TOKEN}":
        return {}
    return jsonify(error="invalid_token", **said), 401


@app.get("/encoded")  # bad
def encoded():
    return refused(seen=base64.b64encode(request.headers.get("Authorization", "").encode()).decode())


@app.get("/hexadecimal")  # bad
def hexadecimal():
    return refused(seen=request.headers.get("Authorization", "").encode().hex())


@app.get("/silent")  # ok
def silent():
    return refused()
