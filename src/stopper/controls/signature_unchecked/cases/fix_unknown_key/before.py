"""Two keys: which one is meant only a person knows."""

import os

import jwt
from flask import Flask, request

app = Flask(__name__)
KEY, OTHER = os.environ["JWT_KEY"], os.environ["OTHER_KEY"]
PARTNERS = os.environ["PARTNERS_KEY"]


def issue(subject):
    return jwt.encode({"sub": subject}, os.environ["JWT_KEY"], algorithm="HS256")


@app.get("/a")
def orders():
    claims = jwt.decode(request.headers["X-Token"], PARTNERS, algorithms=["ES256"], options={"verify_signature": False})
    return {"orders": claims["orders"], "sub": claims["sub"]}


@app.get("/b")
def partners():
    claims = jwt.decode(request.headers["X-Token"], options={"verify_signature": False})  # by hand
    return {"orders": claims["orders"], "sub": claims["sub"]}
