"""Whoever names a subject is let in."""

import os

import jwt
from flask import Flask, request

app = Flask(__name__)
KEY = os.environ["JWT_KEY"]


def issue(subject):
    return jwt.encode({"sub": subject}, KEY, algorithm="HS256")


@app.get("/a")
def orders():
    claims = (
        jwt.decode(request.headers["X-Token"], options={"verify_signature": True}, key=KEY, algorithms=["HS256"])  # bad
    )
    return {"orders": claims["orders"], "sub": claims["sub"]}


@app.get("/b")  # bad
def anything():
    return {"orders": request.headers["X-Token"]}
