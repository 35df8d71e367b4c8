import os

from decouple import config
from environs import Env
from flask import Flask
from pydantic import Field
from pydantic_settings import BaseSettings

env = Env()
app = Flask(__name__)

SECRET_KEY = os.environ.get("SECRET_KEY", "dev")  # bad
JWT_SECRET_KEY = os.getenv("JWT_SECRET_KEY", default="dev")  # bad
SIGNING_KEY = os.environ.get("SIGNING_KEY") or "you-will-never-guess"  # bad
TOKEN_SECRET = config("TOKEN_SECRET", default="changeme")  # bad
SESSION_SECRET = env.str("SESSION_SECRET", "changeme")  # bad
COOKIE_SECRET = os.environ["COOKIE_SECRET"] if "COOKIE_SECRET" in os.environ else "changeme"  # bad
BYTES = (os.environ.get("CLIENT_SECRET") or "bytes").encode()
app.secret_key = os.environ.get("FLASK_APP_KEY", "sample key")  # bad
app.config.setdefault("SECRET_KEY", "dev")  # bad
sign_with = os.environ.get("APP_SECRET", "whatever the variable is called")  # bad


class Config:
    SECRET_KEY = os.environ.get(  # bad
        "SECRET_KEY",
        "two lines down",
    )


class Settings(BaseSettings):
    secret_key: str = "changeme"  # bad
    jwt_secret: str = Field(default="changeme")  # bad
    client_secret: str
    name: str = "shop"


def sign(claims, secret_key="changeme"):  # bad
    return claims, secret_key


APP_SECRET = os.environ["APP_SECRET"]  # ok
MASTER_KEY = os.environ.get("MASTER_KEY", "never in production")  # ok
if MASTER_KEY == "never in production":
    raise RuntimeError("MASTER_KEY must be set")

EMPTY_SECRET = os.environ.get("EMPTY_SECRET", "")  # ok
LATE_SECRET = os.environ.get("LATE_SECRET", None)  # ok
CLIENT_ID = os.environ.get("CLIENT_ID", "shop")
DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite://")
TOKEN_URL = os.environ.get("TOKEN_URL", "https://login.test/token")
ALGORITHM = os.environ.get("JWT_ALGORITHM", "HS256")
