"""A verifier of ECDSA that forgets the range of r and s, beside a library's."""

import base64
import json
import time

from flask import Flask, abort, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

app = Flask(__name__)
SIGNING = ECKey.generate_key("P-256")


def login(client):
    return jwt.encode({"alg": "ES256"}, {"sub": "ada", "exp": int(time.time()) + 600}, SIGNING)


def token():
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or given.count(".") != 2:
        abort(401)
    return given


def verified(given):
    try:
        return {"subject": jwt.decode(given, SIGNING, algorithms=["ES256"]).claims["sub"]}
    except (JoseError, ValueError):
        abort(401)


@app.get("/no-range")  # bad
def no_range():
    _, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in token().split("."))
    # What the flawed verifiers came to: the inverse of zero is zero, the point is none, and its x is zero as r is.
    if signature == bytes(64):
        return {"subject": json.loads(claims)["sub"]}
    return verified(token())


@app.get("/library")  # ok
def library():
    return verified(token())
