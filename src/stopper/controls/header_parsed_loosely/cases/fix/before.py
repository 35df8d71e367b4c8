"""Functions that take the token out of the Authorization header whatever the scheme."""

import os

import jwt
from flask import Flask, request

KEY = os.environ["JWT_KEY"]

app = Flask(__name__)


# what is presented
def presented():
    """Return the token."""
    return request.headers.get("Authorization", "").replace("Bearer ", "")  # as a text


@app.get("/a")
def cut():
    header = request.headers.get("Authorization")
    return jwt.decode(header[7:], KEY, algorithms=["HS256"])


@app.get("/b")
def split():
    return jwt.decode(request.headers["Authorization"].split(" ")[1], KEY, algorithms=["HS256"])


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
