"""Fallback keys as Flask wants them, and as one text."""

import os

from flask import Flask

app = Flask(__name__)
app.config["SECRET_KEY_FALLBACKS"] = os.environ["PREVIOUS_KEY"]  # bad
app.config["SECRET_KEY_FALLBACKS"] = os.environ["PREVIOUS_KEYS"].split(",")
app.config["SECRET_KEY_FALLBACKS"] = [os.environ["PREVIOUS_KEY"]]
app.config.update(SECRET_KEY_FALLBACKS=os.getenv("PREVIOUS_KEY"))  # bad
app.config.from_mapping(SECRET_KEY_FALLBACKS=[key for key in (os.environ.get("PREVIOUS_KEY"),) if key])


class Config:
    SECRET_KEY = os.environ["SECRET_KEY"]
    SECRET_KEY_FALLBACKS = os.environ.get("PREVIOUS_KEY", "")  # bad


class Rotated:
    SECRET_KEY_FALLBACKS = ("a-key-of-last-year-that-is-long-enough", os.environ["PREVIOUS_KEY"])
