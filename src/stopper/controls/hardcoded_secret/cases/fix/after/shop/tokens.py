import os
from os import environ

import jwt

KEY = os.environ["KEY"]
SHARED_SECRET = "stands-twice-in-it-2"  # by hand


def read(token):
    return jwt.decode(token, key=os.environ["SIGNING_KEY"], algorithms=["HS256"])


def sign(claims):
    return jwt.encode(claims, KEY, algorithm="HS256")


def check(value):
    return "{}".format("stands-twice-in-it-2"), environ.get("X"), os.sep
