import base64
import json
import time

from flask import Flask

app = Flask(__name__)


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def token(lives, issued=0):
    begins = int(time.time()) - issued
    return f"{part({'alg': 'HS256'})}.{part({'iat': begins, 'exp': begins + lives})}.{'A' * 43}"


@app.get("/longer")  # bad
def longer():
    return {"access_token": token(86400), "expires_in": 3600}


@app.get("/shorter")  # bad
def shorter():
    return {"access_token": token(300), "expires_in": "3600"}


@app.get("/agreed")  # ok
def agreed():
    return {"access_token": token(3600), "expires_in": 3599}


@app.get("/opaque")
def opaque():
    return {"access_token": "tok_5d41402abc4b2a76b9719d911017c592", "expires_in": 3600}


@app.get("/silent")
def silent():
    return {"access_token": token(3600)}
