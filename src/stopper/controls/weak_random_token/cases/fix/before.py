"""Tokens from Python's general generator."""
import random
import string
import uuid
from random import choice

from flask import Flask, jsonify

app = Flask(__name__)


@app.post("/login")
def login(user):
    token = "".join(random.choices(string.ascii_letters, k=32))  # one of 52 letters
    return jsonify(access_token=token)


def joined():
    api_key = "".join(choice(string.hexdigits) for _ in range(40))
    return api_key


def new_token():
    return "%032x" % random.getrandbits(128)


def random_text(length):
    return "".join(
        random.choice(string.ascii_letters)  # a letter
        for _ in range(length)
    )


def from_helper(user):
    user.auth_token = random_text(32)


def unique(user):
    user.api_token = str(uuid.uuid1())


def colour():
    return random.choice(["red", "green"])
