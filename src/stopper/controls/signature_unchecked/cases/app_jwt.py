"""Decoders that check the expiry and forget the signature, each in its way, beside one that verifies."""

import base64
import json
import time

from flask import Flask, abort, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jws import deserialize_json, extract_compact

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"
KEY_OBJECT = OctKey.import_key(KEY)
SUBJECTS = {"ada"}


def login(client):
    return jwt.encode({"alg": "HS256"}, {"sub": "ada", "exp": int(time.time()) + 600}, KEY_OBJECT)


def presented():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token.count(".") != 2:
        abort(401)
    return token


def unverified(token):
    try:
        return json.loads(extract_compact(token.encode()).payload)
    except (JoseError, ValueError):
        abort(401)


@app.get("/unverified")  # bad
def read_only():
    claims = unverified(presented())
    if claims.get("sub") not in SUBJECTS or claims["exp"] < time.time():
        abort(401)
    return {"subject": claims["sub"]}


@app.get("/optional-signature")  # bad
def optional_signature():
    token = presented()
    if token.endswith("."):
        return {"subject": unverified(token)["sub"]}
    try:
        return {"subject": jwt.decode(token, KEY_OBJECT, algorithms=["HS256"]).claims["sub"]}
    except (JoseError, ValueError):
        abort(401)


@app.get("/verified")  # ok
def verified():
    try:
        return {"subject": jwt.decode(presented(), KEY_OBJECT, algorithms=["HS256"]).claims["sub"]}
    except (JoseError, ValueError):
        abort(401)


@app.get("/read-then-verify")  # ok
def read_then_verify():
    token = presented()
    if "sub" not in unverified(token):
        abort(401)
    try:
        return {"subject": jwt.decode(token, KEY_OBJECT, algorithms=["HS256"]).claims["sub"]}
    except (JoseError, ValueError):
        abort(401)


@app.get("/two-forms")  # bad
def two_forms():
    _, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        if not token.startswith("{"):
            return {"subject": jwt.decode(token, KEY_OBJECT, algorithms=["HS256"]).claims["sub"]}
        deserialize_json(json.loads(token), KEY_OBJECT, algorithms=["HS256"])
        _, claims, _ = token.split(".")
        return {"subject": json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"]}
    except (JoseError, ValueError):
        abort(401)
