"""Verifications that demand no issuer."""

import os

import jwt
from flask import Flask, request
from jwt import PyJWKClient

app = Flask(__name__)
KEYS = PyJWKClient("https://login.example.com/jwks.json")
JWT_ISSUER = os.environ["JWT_ISSUER"]


@app.get("/a")
def never():
    key = KEYS.get_signing_key_from_jwt(request.headers["X-Token"]).key
    # whose it is
    return jwt.decode(request.headers["X-Token"], key, algorithms=["RS256"], issuer=JWT_ISSUER)  # all


@app.get("/b")
def switched_off():
    key = KEYS.get_signing_key_from_jwt(request.headers["X-Token"]).key
    return jwt.decode(request.headers["X-Token"], key, algorithms=["RS256"], options={"verify_iss": True}, issuer=JWT_ISSUER)
