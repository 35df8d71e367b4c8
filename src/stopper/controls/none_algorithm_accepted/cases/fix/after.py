"""Verifications that allow `none` beside an algorithm, and one that allows nothing else."""

import os

import jwt
from flask import Flask, request

app = Flask(__name__)
KEY = os.environ["JWT_KEY"]
ALGORITHMS = ["HS256"]


@app.get("/a")
def first():
    # what the shop signs itself
    claims = jwt.decode(request.headers["X-Token"], KEY, algorithms=["HS256", "HS512"])  # both
    return {"sub": claims["sub"]}


@app.get("/b")
def second():
    return jwt.decode(request.headers["X-Token"], KEY, algorithms=ALGORITHMS)


@app.get("/c")
def third():
    return jwt.decode(request.headers["X-Token"], KEY, algorithms=["none"])  # by hand
