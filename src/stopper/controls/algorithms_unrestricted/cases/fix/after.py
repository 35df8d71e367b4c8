"""Verifications that leave the algorithm to the token."""

import os

import jwt
from flask import Flask

app = Flask(__name__)
KEY = os.environ["JWT_KEY"]
OTHER = os.environ["OTHER_KEY"]


def issue(user):
    return jwt.encode({"sub": user, "exp": 1}, KEY, algorithm="HS512")


def from_header(token):
    header = jwt.get_unverified_header(token)
    # as it says
    return jwt.decode(token, KEY, algorithms=["HS512"])["sub"]  # any


def empty(token):
    return jwt.decode(token, KEY, algorithms=["HS512"])["sub"]


def of_others(token):
    return jwt.decode(token, OTHER)["sub"]  # by hand
