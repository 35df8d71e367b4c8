import base64
import json
import time

from flask import Flask

app = Flask(__name__)


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def token(lives):
    now = int(time.time())
    return f"{part({'alg': 'HS256'})}.{part({'iat': now, 'exp': now + lives})}.{'A' * 43}"


@app.get("/fixed")  # bad
def fixed():
    return {"access_token": token(900), "expires_in": 900}


@app.get("/example")  # bad
def example():
    return {"access_token": "tok_5d41402abc4b2a76b9719d911017c592", "expires_in": 86400}


@app.get("/silent")  # bad
def silent():
    return {"access_token": token(900)}


@app.get("/kept")  # ok
def kept():
    return {"access_token": token(3600), "expires_in": 3600}


@app.get("/refused")
def refused():
    return {"access_token": token(10), "expires_in": 10}, 400
