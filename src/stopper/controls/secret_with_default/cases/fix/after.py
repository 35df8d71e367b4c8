import os

from flask import Flask

app = Flask(__name__)
SECRET_KEY = os.environ["SECRET_KEY"]  # the key of the sessions
SIGNING_KEY = os.environ["SIGNING_KEY"]
app.secret_key = os.environ["FLASK_APP_KEY"]
app.config.setdefault("SECRET_KEY", "dev")  # by hand


class Config:
    CLIENT_SECRET = os.environ["CLIENT_SECRET"]
    NAME = os.environ.get("NAME", "shop")
