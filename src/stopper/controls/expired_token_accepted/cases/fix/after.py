"""Verifications that let expired tokens in."""

import os

import jwt
from flask import Flask, request
from joserfc import jwt as jose

app = Flask(__name__)
KEY = os.environ["JWT_KEY"]


def told_not_to(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], options={"verify_exp": True, "require": ["sub"]})["sub"]


def long_leeway(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], leeway=60)["sub"]  # a day


@app.get("/a")
def forgotten():
    # the claims
    claims = jose.decode(request.headers["X-Token"], KEY, algorithms=["HS256"]).claims  # whose?
    jose.JWTClaimsRegistry(exp={"essential": True}).validate(claims)
    return {"sub": claims["sub"]}


@app.get("/b")
def forgotten_object():
    token = jose.decode(request.headers["X-Token"], KEY, algorithms=["HS256"])
    jose.JWTClaimsRegistry(exp={"essential": True}).validate(token.claims)
    return {"sub": token.claims["sub"]}


@app.get("/c")
def nameless():
    return {"sub": jose.decode(request.headers["X-Token"], KEY, algorithms=["HS256"]).claims["sub"]}  # by hand
