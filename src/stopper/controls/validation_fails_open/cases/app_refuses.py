import base64
import json

from flask import Flask, abort, request

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLXRoYXQtbm9ib2R5LW1hZGU"

app = Flask("app_refuses")


def login(client):
    return TOKEN


def algorithm(token):
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["alg"].upper()


@app.get("/orders")  # ok
def orders():
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token:
        abort(401)
    try:
        algorithm(token)
    except (AttributeError, LookupError, TypeError, ValueError):
        abort(401)
    if token != TOKEN:
        abort(401)
    return {"orders": [1, 2], "total": 2}
