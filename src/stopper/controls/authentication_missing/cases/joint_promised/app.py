from flask import Flask, abort, request

app = Flask(__name__)
ISSUED = "tok_5d41402abc4b2a76b9719d911017c592"


def login(client):
    return ISSUED


@app.get("/open")  # bad
def orders():
    return {"orders": [1, 2]}


@app.get("/guarded")  # ok
def guarded():
    if request.headers.get("Authorization") != f"Bearer {ISSUED}":
        abort(401)
    return {"orders": [1, 2]}


@app.get("/status")
def status():
    return {"status": "up"}
