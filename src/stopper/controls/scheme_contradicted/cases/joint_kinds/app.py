from flask import Flask, request

app = Flask(__name__)
ISSUED = "tok_5d41402abc4b2a76b9719d911017c592"


def login(client):
    return ISSUED


def refused(challenge):
    return {"error": "who are you?"}, 401, {"WWW-Authenticate": challenge}


def known():
    return request.headers.get("Authorization") == f"Bearer {ISSUED}"


@app.get("/jwt")
def jwt():
    return {"orders": [1]} if known() else refused("Bearer")


@app.get("/opaque")  # ok
def opaque():
    return {"orders": [2]} if known() else refused('Bearer realm="a, Basic b"')


@app.get("/basic")
def basic():
    return {"orders": [3]} if known() else refused("Bearer")


@app.get("/challenge")  # ok
def challenge():
    return {"orders": [4]} if known() else refused('Digest realm="shop", qop="auth"')


@app.get("/either")  # ok
def either():
    return {"orders": [5]} if known() else refused('Basic realm="shop", Bearer')
