from flask import Flask, abort, request

app = Flask(__name__)
ISSUED = "tok_5d41402abc4b2a76b9719d911017c592"


def login(client):
    return ISSUED


def known():
    return request.headers.get("Authorization") == f"Bearer {ISSUED}"


@app.get("/orders")
def orders():
    return {"orders": [1, 2]} if known() else abort(401)


@app.get("/me")
def me():
    return {"user": "ada"} if known() else abort(401)


@app.get("/invoices")
def invoices():
    return {"invoices": [1]} if known() else abort(401)


@app.get("/status")  # ok
def status():
    return {"status": "up"}


@app.get("/gone")
def gone():
    abort(404)
