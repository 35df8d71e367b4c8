import base64

from flask import Flask, abort, request

app = Flask("raises_tokens")


def login(client):
    return "f3b1c0d9e8a74625b1d0c3e2f5a69788"


@app.errorhandler(ValueError)
def refused(error):
    return {"error": "invalid_token"}, 401


@app.get("/raised")  # bad
def raised():
    raise ValueError(f"bad token {request.headers.get('Authorization')}")


@app.get("/encoded")  # bad
def encoded():
    print(base64.b64encode(request.headers.get("Authorization", "").encode()))
    return {}


@app.get("/kept")  # ok
def kept():
    try:
        raise ValueError(f"bad token {request.headers.get('Authorization')}")
    except ValueError:
        return {}


@app.get("/plain")  # ok
def plain():
    raise ValueError("bad token")
