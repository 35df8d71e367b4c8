"""Decoders that let the header say `none`: as registered, in another spelling, and not at all."""

import base64
import json
import time

from flask import Flask, abort, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"
KEY_OBJECT = OctKey.import_key(KEY)


def login(client):
    return jwt.encode({"alg": "HS256"}, {"sub": "ada", "exp": int(time.time()) + 600}, KEY_OBJECT)


def part(text):
    return json.loads(base64.urlsafe_b64decode(text + "=="))


def claims_of(token, unsigned_names):
    try:
        header, payload, _ = token.split(".")
        if part(header)["alg"] in unsigned_names:
            return part(payload)
        return jwt.decode(token, KEY_OBJECT, algorithms=["HS256"]).claims
    except (JoseError, ValueError, KeyError):
        abort(401)


def presented():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    return token


@app.get("/none")  # bad
def none():
    return {"subject": claims_of(presented(), {"none"})["sub"]}


@app.get("/blocklist")  # bad
def blocklist():
    return {"subject": claims_of(presented(), {"NONE", "None", "nOnE"})["sub"]}


@app.get("/strict")  # ok
def strict():
    return {"subject": claims_of(presented(), set())["sub"]}
