"""Tokens from Python's general generator."""
import random
import secrets
import string
from random import choice

from flask import Flask, jsonify

app = Flask(__name__)


@app.post("/login")
def login(user):
    token = "".join(secrets.SystemRandom().choices(string.ascii_letters, k=32))  # one of 52 letters
    return jsonify(access_token=token)


def joined():
    api_key = "".join(secrets.choice(string.hexdigits) for _ in range(40))
    return api_key


def new_token():
    return "%032x" % secrets.randbits(128)


def random_text(length):
    return "".join(
        secrets.choice(string.ascii_letters)  # a letter
        for _ in range(length)
    )


def from_helper(user):
    user.auth_token = random_text(32)


def unique(user):
    user.api_token = secrets.token_hex(16)


def colour():
    return random.choice(["red", "green"])
