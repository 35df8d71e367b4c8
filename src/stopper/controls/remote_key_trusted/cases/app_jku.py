"""Verifiers that follow `jku`: believing what they find, fetching it for nothing, and not at all."""

import json
import time
import urllib.request

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, abort, request

app = Flask(__name__)
SIGNING = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OWN = SIGNING.public_key()


def login(client):
    return jwt.encode({"sub": "ada", "exp": int(time.time()) + 600}, SIGNING, "RS256", {"kid": "one"})


def subject(key_of):
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        return {"subject": jwt.decode(token, key_of(jwt.get_unverified_header(token)), algorithms=["RS256"])["sub"]}
    except jwt.InvalidTokenError:
        abort(401)


def fetched(header):
    if "jku" not in header:
        return OWN
    with urllib.request.urlopen(header["jku"], timeout=5) as answer:
        return jwt.PyJWK(json.load(answer)["keys"][0], "RS256")


@app.get("/believed")  # bad
def believed():
    return subject(fetched)


@app.get("/fetched")  # bad
def fetched_for_nothing():
    def key(header):
        fetched(header)
        return OWN

    return subject(key)


@app.get("/own")  # ok
def own():
    return subject(lambda header: OWN)
