"""Verifiers of HMACs that pass over `crit`, look for unknown names only, or refuse it."""

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


def read(text):
    return json.loads(base64.urlsafe_b64decode(text + "=="))


def signature(signing_input):
    return part(hmac.new(KEY.encode(), signing_input.encode(), hashlib.sha256).digest())


def login(client):
    header = part(json.dumps({"alg": "HS256"}).encode())
    claims = part(json.dumps({"sub": "ada", "exp": int(time.time()) + 600}).encode())
    return f"{header}.{claims}.{signature(f'{header}.{claims}')}"


def verified():
    signing_input, _, given = request.headers.get("Authorization", "").removeprefix("Bearer ").rpartition(".")
    if not hmac.compare_digest(signature(signing_input), given):
        abort(401)
    return tuple(read(text) for text in signing_input.split("."))


@app.get("/ignored")  # bad
def ignored():
    _, claims = verified()
    return {"subject": claims["sub"]}


@app.get("/empty-passes")  # bad
def empty_passes():
    header, claims = verified()
    if not set(header.get("crit", ())) <= {"alg"}:
        abort(401)
    return {"subject": claims["sub"]}


@app.get("/refused")  # ok
def refused():
    header, claims = verified()
    if "crit" in header:
        abort(401)
    return {"subject": claims["sub"]}
