"""A verifier of HMACs that takes the secret from the header, beside one that does not."""

import base64
import hashlib
import hmac
import json
import time

from flask import Flask, abort, request

app = Flask(__name__)
SECRET = b"a key of the case, long enough for HS256"


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text):
    return base64.urlsafe_b64decode(text + "==")


def signature(signing_input, key):
    return part(hmac.new(key, signing_input.encode(), hashlib.sha256).digest())


def login(client):
    header = part(json.dumps({"alg": "HS256"}).encode())
    claims = part(json.dumps({"sub": "ada", "exp": int(time.time()) + 600}).encode())
    return f"{header}.{claims}.{signature(f'{header}.{claims}', SECRET)}"


def subject(trusts_header):
    signing_input, _, given = request.headers.get("Authorization", "").removeprefix("Bearer ").rpartition(".")
    try:
        header, claims = (json.loads(bytes_of(text)) for text in signing_input.split("."))
        key = bytes_of(header["jwk"]["k"]) if trusts_header and "jwk" in header else SECRET
    except (ValueError, KeyError):
        abort(401)
    if not hmac.compare_digest(signature(signing_input, key), given):
        abort(401)
    return {"subject": claims["sub"]}


@app.get("/believed")  # bad
def believed():
    return subject(True)


@app.get("/ignored")  # ok
def ignored():
    return subject(False)
