"""Tokens that are read without verifying them."""

import os

import jwt
from flask import Flask, request

app = Flask(__name__)
KEY = os.environ["JWT_KEY"]


def issue(subject):
    return jwt.encode({"sub": subject}, KEY)


@app.get("/a")
def switched_off():
    # whose it is
    claims = jwt.decode(request.headers["X-Token"], KEY, algorithms=["HS256"], options={"verify_signature": False})  # all
    return {"orders": claims["orders"], "sub": claims["sub"]}


@app.get("/b")
def old():
    claims = jwt.decode(request.headers["X-Token"], KEY, algorithms=["HS256"], verify=False)
    return {"orders": claims["orders"], "sub": claims["sub"]}


@app.get("/c")
def without_key():
    claims = jwt.decode(request.headers["X-Token"], options={"verify_signature": False})  # all
    return {"orders": claims["orders"], "sub": claims["sub"]}


@app.get("/d")
def empty_key():
    claims = jwt.decode(request.headers["X-Token"], "", options={"verify_signature": False})
    return {"orders": claims["orders"], "sub": claims["sub"]}


@app.get("/e")
def taken_apart():
    claims = jwt.decode(request.headers["X-Token"], options=dict(verify_signature=False))  # by hand
    return {"orders": claims["orders"], "sub": claims["sub"]}


@app.get("/f")
def of_another():
    id_token = request.headers["X-Token"]
    claims = jwt.decode(id_token, options={"verify_signature": False})  # by hand
    return {"orders": claims["orders"], "sub": claims["sub"]}
