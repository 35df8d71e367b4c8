import os
from os import getenv

from flask import Flask

app = Flask(__name__)
SECRET_KEY = os.environ.get("SECRET_KEY", "dev")  # the key of the sessions
SIGNING_KEY = os.environ.get("SIGNING_KEY") or "you-will-never-guess"
app.secret_key = getenv("FLASK_APP_KEY", default="sample key")
app.config.setdefault("SECRET_KEY", "dev")  # by hand


class Config:
    CLIENT_SECRET = os.environ.get(
        "CLIENT_SECRET",
        "two lines down",
    )
    NAME = os.environ.get("NAME", "shop")
