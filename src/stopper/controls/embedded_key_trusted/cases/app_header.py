"""Verifiers that take the key from the header, beside one that has its own."""

import base64
import time

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, abort, request

app = Flask(__name__)
SIGNING = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OWN = SIGNING.public_key()


def login(client):
    return jwt.encode({"sub": "ada", "exp": int(time.time()) + 600}, SIGNING, "RS256")


def subject(key_of):
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    try:
        key = key_of(jwt.get_unverified_header(token))
        return {"subject": jwt.decode(token, key, algorithms=["RS256"])["sub"]}
    except jwt.InvalidTokenError:
        abort(401)


def of_certificate(header):
    if "x5c" not in header:
        return OWN
    return x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0])).public_key()


@app.get("/jwk")  # bad
def jwk():
    return subject(lambda header: jwt.PyJWK(header["jwk"], "RS256") if "jwk" in header else OWN)


@app.get("/x5c")  # bad
def x5c():
    return subject(of_certificate)


@app.get("/own")  # ok
def own():
    return subject(lambda header: OWN)
