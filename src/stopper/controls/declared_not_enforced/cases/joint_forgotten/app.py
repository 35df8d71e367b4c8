from flask import Flask, abort, request

app = Flask(__name__)
ISSUED = "tok_5d41402abc4b2a76b9719d911017c592"


def login(client):
    return ISSUED


def known():
    return request.headers.get("Authorization") == f"Bearer {ISSUED}"


@app.get("/orders")  # bad
def orders():
    return {"orders": [1, 2]}


@app.get("/me")  # ok
def me():
    if not known():
        abort(401)
    return {"user": "ada"}


@app.get("/status")
def status():
    return {"status": "up"}


@app.get("/optional")
def optional():
    return {"user": None}


@app.get("/personal")
def personal():
    return {"user": "ada", "orders": [1]} if known() else {"greeting": "hello, stranger"}
