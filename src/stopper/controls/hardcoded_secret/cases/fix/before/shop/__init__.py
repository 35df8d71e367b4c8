"""The shop."""

import jwt
from flask import Flask
from pydantic import SecretStr

app = Flask(__name__)
app.secret_key = "the quick brown fox"  # for the sessions
app.config["JWT_SECRET_KEY"] = b"super-secret-7"
app.config.from_mapping(
    DEBUG=False,
    CSRF_SECRET="dev-7c1b",
)
OAUTH = {
    "client_id": "3MVG9IHF93JSQI2Zv012345678",
    "client_secret": "9u8A7b6C5d4E3F2G1",  # renewed in May
}
WRAPPED_SECRET = SecretStr("wrapped-8c1f")
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIE"  # by hand


class Config:
    TOKEN_SECRET = "f3a9c1e07b5d"
    WTF_CSRF_SECRET_KEY = (
        "really"
        "hardtoguess"
    )


class ProductionConfig(Config):
    TOKEN_SECRET = "77ab01e9c2"


def sign(claims):
    return jwt.encode(claims, "signed-with-this", algorithm="HS256")
