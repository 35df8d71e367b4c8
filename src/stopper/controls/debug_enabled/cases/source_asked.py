"""The debugger in dictionaries of settings, and switched on unless the environment says otherwise."""

import os

from flask import Flask

app = Flask(__name__)
settings = {"DEBUG": True, "SECRET_KEY": None, "SESSION_COOKIE_NAME": "shop"}  # bad
levels = {"DEBUG": True, "INFO": False}


class Config:
    DEBUG = os.getenv("DEBUG", "True").lower() == "true"  # bad
    SECRET_KEY = os.environ["SECRET_KEY"]


class QuietConfig:
    DEBUG = os.getenv("DEBUG", "False").lower() in ("true", "1")
    SECRET_KEY = os.environ["SECRET_KEY"]
