"""Verifications that demand no audience."""

import os

import jwt
from flask import Flask, request
from jwt import PyJWKClient

app = Flask(__name__)
KEYS = PyJWKClient("https://login.example.com/jwks.json")
JWT_AUDIENCE = os.environ["JWT_AUDIENCE"]


@app.get("/a")
def never():
    key = KEYS.get_signing_key_from_jwt(request.headers["X-Token"]).key
    # whose it is
    return jwt.decode(request.headers["X-Token"], key, algorithms=["RS256"], audience=JWT_AUDIENCE)  # all


@app.get("/b")
def switched_off():
    key = KEYS.get_signing_key_from_jwt(request.headers["X-Token"]).key
    return jwt.decode(request.headers["X-Token"], key, algorithms=["RS256"], options={"verify_aud": True}, audience=JWT_AUDIENCE)
