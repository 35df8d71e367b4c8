import base64
import os
import secrets
import uuid

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from pydantic import Field
from pydantic_settings import BaseSettings

app = Flask(__name__)
app.secret_key = os.urandom(24)  # bad
app.config["JWT_SECRET_KEY"] = secrets.token_hex(32)  # bad
app.config.update(WTF_CSRF_SECRET_KEY=base64.b64encode(os.urandom(32)).decode())  # bad

SIGNING_KEY = str(uuid.uuid4())  # bad
private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)  # bad
serializer = URLSafeTimedSerializer(secrets.token_bytes(32))  # bad
cipher = Fernet(Fernet.generate_key())  # bad

TOKEN_SECRET = os.environ.get("TOKEN_SECRET") or secrets.token_hex(32)  # bad
JWT_SECRET = os.getenv("JWT_SECRET", secrets.token_urlsafe(32))  # bad


def new_secret():
    return secrets.token_hex(32)


class Config:
    SECRET_KEY = new_secret()  # bad


class Settings(BaseSettings):
    secret_key: str = Field(default_factory=lambda: secrets.token_hex(32))  # bad


def create_app():
    application = Flask(__name__)
    key = os.environ.get("SHOP_KEY")
    if not key:
        key = secrets.token_hex(32)
    application.config["SECRET_KEY"] = key  # bad
    return application


def create_with_file():
    shop = Flask(__name__)
    shop.config.from_mapping(SECRET_KEY=os.urandom(16))  # bad
    shop.config.from_pyfile("shop.cfg", silent=True)
    return shop


def read_or_make():
    try:
        with open(".key", "rb") as file:
            return file.read()
    except OSError:
        key = os.urandom(64)
        with open(".key", "wb") as file:
            file.write(key)
        return key


class Kept:
    SECRET_KEY = read_or_make()


def kept_here():
    application = Flask(__name__)
    key = secrets.token_hex(32)
    application.store.save("key", key)
    application.config["SECRET_KEY"] = key
    return application


def stops():
    application = Flask(__name__)
    key = os.environ.get("SHOP_KEY")
    if not key:
        if os.environ.get("SHOP_PRODUCTION"):
            raise RuntimeError("SHOP_KEY is missing")
        key = secrets.token_hex(32)
    application.config["SECRET_KEY"] = key
    return application


def while_debugging():
    application = Flask(__name__)
    if application.debug:
        application.config["SECRET_KEY"] = secrets.token_hex(32)
    return application


class Environment:
    SECRET_KEY = os.environ["SECRET_KEY"]  # ok


def of_each_user(user):
    user.totp_secret = secrets.token_hex(20)
    client_secret = secrets.token_urlsafe(32)
    return client_secret


def for_one_message(message):
    signing_key = os.urandom(32)
    return message.signed(signing_key)


API_TOKEN = secrets.token_urlsafe(32)
BOOT_ID = uuid.uuid4().hex
