"""A hook after each request that sets no-store, except where a view says otherwise first."""

from flask import Flask, jsonify

app = Flask(__name__)


@app.after_request
def never_stored(response):
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@app.post("/login")
def login():
    return jsonify(access_token=app.config["MAKE"]())  # ok


@app.post("/device")
def device():
    return jsonify(access_token=app.config["MAKE"]()), 200, {"Cache-Control": "private, max-age=60"}  # bad
