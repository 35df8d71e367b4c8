"""Doors that show a method of authentication each, among open rooms: they are what the application is for."""

from flask import Flask, abort, request

app = Flask(__name__)


@app.get("/basic-auth/<user>")  # ok
def basic_auth(user):
    if request.headers.get("Authorization") != app.config["BASIC_AUTH"]:
        abort(401)
    return {}


@app.get("/digest-auth/<user>")  # ok
def digest_auth(user):
    if request.headers.get("Authorization") != app.config["DIGEST_AUTH"]:
        abort(401)
    return {}


@app.get("/bearer/<user>")  # ok
def bearer(user):
    if request.headers.get("Authorization") != app.config["BEARER"]:
        abort(401)
    return {}


@app.post("/anything")
def anything():
    return request.json


@app.post("/bytes")
def bytes():
    return request.json


@app.post("/cache")
def cache():
    return request.json


@app.post("/deflate")
def deflate():
    return request.json


@app.post("/numbers")
def numbers():
    return request.json


@app.post("/delay")
def delay():
    return request.json
