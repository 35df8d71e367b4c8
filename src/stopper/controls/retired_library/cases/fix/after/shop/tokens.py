"""Makes and checks tokens."""

import os

import jwt
from flask import abort

ALGORITHM = "HS256"
KEY = os.environ["KEY"]


def made(subject):
    return jwt.encode({"sub": subject}, KEY, algorithm=ALGORITHM)


def checked(token):
    try:
        return jwt.decode(token, KEY, algorithms=[ALGORITHM], audience="shop")
    except jwt.ExpiredSignatureError:
        abort(401, "expired")
    except (jwt.PyJWTError, ValueError):  # whatever else
        abort(401)


def checked_otherwise(token):
    try:
        return jwt.decode(token, KEY, [ALGORITHM])
    except jwt.PyJWTError:
        abort(401)
