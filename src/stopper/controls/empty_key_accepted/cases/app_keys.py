"""Keys that were never set, beside one that was."""

import base64
import hashlib
import hmac
import json
import time

from flask import Flask, abort, request

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"
KEYS = {"one": KEY}


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read(text):
    return json.loads(base64.urlsafe_b64decode(text + "=="))


def signature(signing_input, key):
    return part(hmac.new(key.encode(), signing_input.encode(), hashlib.sha256).digest())


def login(client):
    header = part(json.dumps({"alg": "HS256", "kid": "one"}).encode())
    claims = part(json.dumps({"sub": "ada", "exp": int(time.time()) + 600}).encode())
    return f"{header}.{claims}.{signature(f'{header}.{claims}', KEY)}"


def subject(keys_of):
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token.count(".") != 2:
        abort(401)
    signing_input, _, given = token.rpartition(".")
    try:
        header, claims = (read(text) for text in signing_input.split("."))
    except ValueError:
        abort(401)
    keys = keys_of(header)
    if header.get("alg") != "HS256" or not any(hmac.compare_digest(signature(signing_input, key), given) for key in keys):
        abort(401)
    return {"subject": claims["sub"]}


@app.get("/next-key-missing")  # bad
def next_key_missing():
    return subject(lambda header: (KEY, ""))


@app.get("/made-a-text")  # bad
def made_a_text():
    return subject(lambda header: (KEY, str(None)))


@app.get("/unknown-kid")  # bad
def unknown_kid():
    return subject(lambda header: (KEYS.get(header.get("kid"), ""),))


@app.get("/given")  # ok
def given():
    return subject(lambda header: (KEY,))


@app.get("/crashes")
def crashes():
    return subject(lambda header: (KEYS[header["kid"]],) if header["kid"] == "one" else 1 / 0)
