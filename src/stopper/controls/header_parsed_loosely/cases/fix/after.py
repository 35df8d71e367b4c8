"""Functions that take the token out of the Authorization header whatever the scheme."""

import os
import re

import jwt
from flask import Flask, request

KEY = os.environ["JWT_KEY"]

app = Flask(__name__)


def bearer_token(header):
    """Return the token of credentials of the scheme Bearer (RFC 6750, 2.1), empty where it is anything else."""
    found = re.fullmatch(r"(?i:bearer) +([A-Za-z0-9._~+/-]+=*)", header or "")
    return found[1] if found else ""


# what is presented
def presented():
    """Return the token."""
    return bearer_token(request.headers.get("Authorization", ""))  # as a text


@app.get("/a")
def cut():
    header = request.headers.get("Authorization")
    return jwt.decode(bearer_token(header), KEY, algorithms=["HS256"])


@app.get("/b")
def split():
    return jwt.decode(bearer_token(request.headers["Authorization"]), KEY, algorithms=["HS256"])


@app.get("/c")
def whole():
    return jwt.decode(request.headers["Authorization"], KEY, algorithms=["HS256"])  # by hand


@app.get("/d")
def caught():
    try:
        token = request.headers["Authorization"].split(" ")[1]  # by hand
    except IndexError:
        return {"error": "no token"}, 401
    return jwt.decode(token, KEY, algorithms=["HS256"])
