"""Tokens that are read without verifying them."""

import os

import jwt
from flask import Flask, request

app = Flask(__name__)
KEY = os.environ["JWT_KEY"]


@app.get("/a")
def switched_off():
    # whose it is
    claims = jwt.decode(request.headers["X-Token"], KEY, algorithms=["HS256"], options={"verify_signature": True})  # all
    return {"orders": claims["orders"], "sub": claims["sub"]}


@app.get("/b")
def old():
    claims = jwt.decode(request.headers["X-Token"], KEY, algorithms=["HS256"])
    return {"orders": claims["orders"], "sub": claims["sub"]}


@app.get("/c")
def without_key():
    claims = jwt.decode(request.headers["X-Token"], options={"verify_signature": False})  # by hand
    return {"orders": claims["orders"], "sub": claims["sub"]}
