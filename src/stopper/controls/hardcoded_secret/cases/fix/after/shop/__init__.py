"""The shop."""

import os

import jwt
from flask import Flask
from pydantic import SecretStr

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]  # for the sessions
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"].encode()
app.config.from_mapping(
    DEBUG=False,
    CSRF_SECRET=os.environ["CSRF_SECRET"],
)
OAUTH = {
    "client_id": "3MVG9IHF93JSQI2Zv012345678",
    "client_secret": os.environ["CLIENT_SECRET"],  # renewed in May
}
WRAPPED_SECRET = SecretStr(os.environ["WRAPPED_SECRET"])
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIE"  # by hand


class Config:
    TOKEN_SECRET = os.environ["TOKEN_SECRET"]
    WTF_CSRF_SECRET_KEY = (
        os.environ["WTF_CSRF_SECRET_KEY"]
    )


class ProductionConfig(Config):
    TOKEN_SECRET = os.environ["TOKEN_SECRET"]


def sign(claims):
    return jwt.encode(claims, os.environ["SIGNING_KEY"], algorithm="HS256")
