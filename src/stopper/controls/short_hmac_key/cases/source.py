"""Keys that are shorter than the hash that they key, and keys that are long enough, unknown or of another kind."""

import os
import secrets

import jwt
from flask import Flask
from flask_jwt_extended import JWTManager

app = Flask(__name__)
JWTManager(app)
app.config["JWT_SECRET_KEY"] = "super-secret"  # bad
app.config.update(SECRET_KEY="flask-signs-sessions", SIGNING_KEY="a-key-in-a-setting")  # bad
app.config.from_mapping({"SIGNING_KEY": os.environ["SIGNING_KEY"]})
app.config.from_mapping({"SIGNING_KEY": "a-key-in-a-dictionary"})  # bad
app.config.from_mapping({"SIGNING_KEY": "a key of more than thirty-two bytes, in a dictionary"})  # ok
SHARED = "shared-with-the-other-shop"  # bad
LONG = "a key of more than thirty-two bytes, ten and more"  # ok
MADE = secrets.token_bytes(16)  # bad
MADE_AS_TEXT = secrets.token_hex(32)  # ok
PUBLIC_KEY = "ssh-rsa AAAA"


class Config:
    ANOTHER = "one more key"


def literal(claims):
    return jwt.encode(claims, "secret", algorithm="HS256")  # bad


def by_default(claims):
    return jwt.encode(claims, "secret")  # bad


def local(token):
    key = b"too short"  # bad
    return jwt.decode(token, key, algorithms=["HS256"])


def longer_hash(claims):
    return jwt.encode(claims, "a key of more than thirty-two bytes, ten and more", algorithm="HS512")  # bad


def by_setting(token):
    return jwt.decode(token, app.config["SIGNING_KEY"], algorithms=["HS256"])


def by_name(token):
    return jwt.decode(token, SHARED, algorithms=["HS256"])


def by_long_name(token):
    return jwt.decode(token, LONG, algorithms=["HS256"])


def by_made(token):
    return jwt.decode(token, MADE, algorithms=["HS256"])


def by_made_text(claims):
    return jwt.encode(claims, MADE_AS_TEXT, algorithm="HS256")


def public(token):
    return jwt.decode(token, PUBLIC_KEY, algorithms=["RS256"])


def outside(token):
    return jwt.decode(token, os.environ["KEY"], algorithms=["HS256"])


def session():
    return Config.ANOTHER
