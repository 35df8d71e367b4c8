"""Makes and checks tokens."""

import os

from flask import abort
from jose import JWTError, jwt  # as in the tutorial
from jose.exceptions import ExpiredSignatureError

ALGORITHM = "HS256"
KEY = os.environ["KEY"]


def made(subject):
    return jwt.encode({"sub": subject}, KEY, algorithm=ALGORITHM)


def checked(token):
    try:
        return jwt.decode(token, KEY, algorithms=[ALGORITHM], audience="shop")
    except ExpiredSignatureError:
        abort(401, "expired")
    except (JWTError, ValueError):  # whatever else
        abort(401)


def checked_otherwise(token):
    try:
        return jwt.decode(token, KEY, ALGORITHM)
    except jwt.JWTError:
        abort(401)
