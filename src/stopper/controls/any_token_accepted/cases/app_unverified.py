"""A JWT that is read without being verified, beside one that is verified."""

import base64
import hashlib
import hmac
import json
import time

from flask import Flask, abort, request

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signature(signing_input):
    return part(hmac.new(KEY.encode(), signing_input.encode(), hashlib.sha256).digest())


def login(client):
    header = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    claims = part(json.dumps({"sub": "ada", "exp": int(time.time()) + 600}).encode())
    return f"{header}.{claims}.{signature(f'{header}.{claims}')}"


def presented():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token.count(".") != 2:
        abort(401)
    return token


@app.get("/read")  # bad
def read():
    claims = presented().split(".")[1]
    try:
        return {"subject": json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"]}
    except (ValueError, KeyError):
        abort(401)


@app.get("/verified")  # ok
def verified():
    signing_input, _, given = presented().rpartition(".")
    if not hmac.compare_digest(signature(signing_input), given):
        abort(401)
    return {"subject": json.loads(base64.urlsafe_b64decode(signing_input.split(".")[1] + "=="))["sub"]}
