"""Algorithms of two kinds in one list, and lists of one kind."""

import jwt
from authlib.jose import JsonWebToken
from flask import Flask

app = Flask(__name__)
MIXED = ["RS256", "HS256"]  # bad
JWT_ALGORITHMS = ["PS256", "HS256"]  # bad
TWO_SIZES = ["HS256", "HS512"]  # ok

app.config["JWT_DECODE_ALGORITHMS"] = ["HS256", "ES256"]  # bad
both = JsonWebToken(["HS256", "RS256"])  # bad
one = JsonWebToken(["RS256", "PS256"])  # ok


def written_here(token, key):
    return jwt.decode(token, key, algorithms=["HS256", "EdDSA"])  # bad


def by_name(token, key):
    return jwt.decode(token, key, MIXED)


def by_setting(token, key):
    return jwt.decode(token, key, algorithms=JWT_ALGORITHMS)


def by_name_again(token, key):
    return jwt.decode(token, key, algorithms=MIXED)


def sizes(token, key):
    return jwt.decode(token, key, algorithms=TWO_SIZES)


def single(token, key):
    return jwt.decode(token, key, algorithms=["RS256"])  # ok


def unread(token, key):
    return jwt.decode(token, key, algorithms=MIXED + ["PS256"], options={"verify_signature": False})


SUPPORTED_BY_TLS = ["RS256", "HS256", "ES256"]
