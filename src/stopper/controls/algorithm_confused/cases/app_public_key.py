"""Verifiers that let the header choose between HMAC and RSA with one key, in some of its forms, beside a strict one."""

import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask, abort, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

app = Flask(__name__)
SIGNING = RSAKey.generate_key(2048)
PUBLIC = SIGNING.as_dict(private=False)


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read(text):
    return json.loads(base64.urlsafe_b64decode(text + "=="))


def login(client):
    return jwt.encode({"alg": "RS256"}, {"sub": "ada", "exp": int(time.time()) + 600}, SIGNING)


def subject(secret):
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token.count(".") != 2:
        abort(401)
    signing_input, _, given = token.rpartition(".")
    try:
        header, claims = (read(text) for text in signing_input.split("."))
        if header["alg"] == "HS256" and secret is not None:
            made = part(hmac.new(secret, signing_input.encode(), hashlib.sha256).digest())
            if not hmac.compare_digest(made, given):
                abort(401)
            return {"subject": claims["sub"]}
        return {"subject": jwt.decode(token, SIGNING, algorithms=["RS256"]).claims["sub"]}
    except (JoseError, ValueError, KeyError):
        abort(401)


@app.get("/.well-known/jwks.json")
def key_set():
    return {"keys": [PUBLIC]}


@app.get("/pem")  # bad
def pem():
    return subject(SIGNING.as_pem(private=False))


@app.get("/der")  # bad
def der():
    return subject(SIGNING.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@app.get("/openssh")  # bad
def openssh():
    return subject(SIGNING.public_key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))


@app.get("/strict")  # ok
def strict():
    return subject(None)
