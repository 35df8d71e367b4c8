import hmac
import os
import secrets

import jwt
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

app = Flask(__name__)
app.secret_key = "the quick brown fox"  # bad
app.config["SECRET_KEY"] = "dvga"  # bad
app.config["JWT_SECRET_KEY"] = b"super-secret"  # bad
app.config["SECRET_KEY_HMAC_2"] = "am0r3C0mpl3xK3y"  # bad
app.config.from_mapping(
    DEBUG=False,
    SECRET_KEY="dev",  # bad
)
app.config.update({"JWT_SECRET_KEY": "jose"})  # bad

MAILGUN_KEY = "key-3ax6xnjp29jd6fds4gc373sgvjxteol0"  # bad
KEY = "another key that signs"  # bad
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIE"  # bad
OAUTH = {
    "client_id": "3MVG9IHF93JSQI2Zv012345678",
    "client_secret": "9u8A7b6C5d4E3F2G1",  # bad
}


class Config:
    SECRET_KEY = "secret key"  # bad
    JWT_SECRET = "THIS_IS_THE_JWT_SECRET"  # bad
    WTF_CSRF_SECRET_KEY = "reallyhardtoguess"  # bad


def sign(claims):
    return jwt.encode(claims, KEY, algorithm="HS256")


def sign_here(claims):
    return jwt.encode(claims, "written here", algorithm="HS256")  # bad


def verify(token):
    return jwt.decode(token, key="written here too", algorithms=["HS256"])  # bad


def serializer():
    return URLSafeTimedSerializer("positional")  # bad


def mac(text):
    return hmac.new(b"hmac key", text, "sha256").hexdigest()  # bad


def connect(oauth):
    oauth.register("shop", client_id="shop", client_secret="hu8Zq-1Lw77")  # bad


app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]  # ok
SIGNING_KEY = secrets.token_bytes(32)  # ok

SHIPPED_SECRET = "shipped-with-the-image"  # ok
if app.config["SECRET_KEY"] == "shipped-with-the-image":
    raise SystemExit("set SECRET_KEY")

REFRESH_TOKEN = "refresh"
API_KEY_HEADER = "X-API-Key"
PAYMENT_API_KEY = "pk_test_51HxT9zQ8rW2mK4bN7cV0pLd"
SECRET_KEY_NAME = "SECRET_KEY"
TOKEN_URL = "https://login.test/token"
PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----\nMIIB"
MAIL_PASSWORD = ""
JWT_TOKEN_LOCATION = "headers"
SORT_KEY = "created_at_2024_01_01_desc"


class TestingConfig(Config):
    SECRET_KEY = "AAAAAAAAAAAAAAAAAAAA"


TEMPLATE = {"SECRET_KEY": "{flask_secret_key}", "JWT_SECRET_KEY": "${JWT_SECRET_KEY}"}
READ_FROM = {"client_secret": "SHOP_OAUTH_CLIENT_SECRET", "signing_key": "SHOP_SIGNING_KEY"}
SCHEMA = {"client_secret": "string", "secret": "The secret of the client"}


def from_file(client_secret=""):
    secret_key = open("/run/secrets/key").read()
    return secret_key


class Exercise:
    backup_private_key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAAAAAAAQAAA...\n-----END OPENSSH PRIVATE KEY-----\n"
