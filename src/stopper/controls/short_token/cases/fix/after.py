import base64
import hashlib
import os
import secrets
import string

from flask import Flask, jsonify
from sqlalchemy import Column, String

app = Flask(__name__)


@app.post("/login")
def login(user):
    token = secrets.token_hex(16)  # sixteen letters
    return jsonify(access_token=token)


def attribute(user):
    user.api_key = secrets.token_hex(16)


def cut(user):
    user.token = secrets.token_hex(16)


def cut_short(user):
    user.token = secrets.token_hex(32)[:32]


def joined():
    reset_token = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(22))
    return reset_token


def chosen(user):
    user.auth_token = "".join(secrets.SystemRandom().choices(string.digits, k=39))


def encoded(user):
    user.session_token = base64.urlsafe_b64encode(os.urandom(16)).decode()


def hashed(user):
    user.refresh_token = hashlib.sha256(os.urandom(16)).hexdigest()


def with_prefix(user):
    user.api_key = f"shop_{secrets.token_urlsafe(16)}"


def random_letters(length=8):
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(length))


def from_helper(user):
    user.auth_token = random_letters(12)  # by hand


class Key:
    token = Column(String, default=lambda: secrets.token_hex(16))


def numbered(user):
    user.access_token = str(secrets.randbelow(1_000_000_000))  # by hand


class Invitation:
    invite_token = Column(String(12))


def invited(invitation):
    invitation.invite_token = secrets.token_hex(6)  # by hand
