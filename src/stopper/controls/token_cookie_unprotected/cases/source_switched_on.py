"""A default that production switches on."""

from flask import Flask

app = Flask(__name__)


class Defaults:
    SESSION_COOKIE_SECURE = False


if app.config["SCHEME"] == "https":
    app.config["SESSION_COOKIE_SECURE"] = True  # ok
