"""Verifications that demand no audience."""

import os

import jwt
from flask import Flask, request
from jwt import PyJWKClient

app = Flask(__name__)
KEYS = PyJWKClient("https://login.example.com/jwks.json")
KEY = os.environ["KEY"]


@app.get("/a")
def never():
    key = KEYS.get_signing_key_from_jwt(request.headers["X-Token"]).key
    # whose it is
    return jwt.decode(request.headers["X-Token"], key, algorithms=["RS256"])  # by hand


@app.get("/b")
def switched_off():
    return jwt.decode(request.headers["X-Token"], KEY, algorithms=["RS256"], audience="shop", options={"verify_aud": True})
