import os
from os import environ

import jwt

CLAIMS_KEY = "another key that signs"
SHARED_SECRET = "stands-twice-in-it-2"  # by hand


def read(token):
    return jwt.decode(token, key="signed-with-this", algorithms=["HS256"])


def sign(claims):
    return jwt.encode(claims, CLAIMS_KEY, algorithm="HS256")


def check(value):
    return "{}".format("stands-twice-in-it-2"), environ.get("X"), os.sep


def connected(connect):
    return connect(secret="9u8A7b6C5d4E3F2G")  # by hand
