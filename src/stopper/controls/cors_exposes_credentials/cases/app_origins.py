"""Answers that allow whoever asks, whoever begins alike, everybody, or one site."""

from flask import Flask, abort, jsonify, request

app = Flask(__name__)


def login(client):
    return "tok_5d41402abc4b2a76b9719d911017c592"


def answered(origin, **headers):
    if request.headers.get("Authorization") != f"Bearer {login(None)}":
        abort(401)
    answer = jsonify(orders=[1, 2])
    if origin:
        answer.headers["Access-Control-Allow-Origin"] = origin
    answer.headers.update(headers)
    return answer


CREDENTIALS = {"Access-Control-Allow-Credentials": "true"}


@app.get("/reflected")  # bad
def reflected():
    return answered(request.headers.get("Origin"), **CREDENTIALS)


@app.get("/begins-alike")  # bad
def begins_alike():
    origin = request.headers.get("Origin", "")
    return answered(origin if origin.startswith("https://shop.test") else "", **CREDENTIALS)


@app.get("/everybody")  # bad
def everybody():
    return answered("*")


@app.get("/one")  # ok
def one():
    return answered("https://shop.test", **CREDENTIALS)


@app.get("/none")  # ok
def none():
    return answered("")
