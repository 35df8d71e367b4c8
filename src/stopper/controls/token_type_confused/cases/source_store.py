"""Tokens of two kinds that a store tells apart by their identifiers."""

import os
from uuid import uuid4

import jwt

KEY = os.environ["KEY"]


def access_token(user):
    return jwt.encode({"sub": user.id, "jti": str(uuid4())}, KEY, algorithm="HS256")


def refresh_token(user):
    return jwt.encode({"sub": user.id, "jti": str(uuid4())}, KEY, algorithm="HS256")  # ok


def verified(token, sessions):
    claims = jwt.decode(token, KEY, algorithms=["HS256"])
    return sessions.of_access(claims["jti"])
