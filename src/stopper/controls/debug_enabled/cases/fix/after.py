import os

from flask import Flask
from werkzeug.serving import run_simple

app = Flask(__name__)

app.debug = False  # while it is new
app.config["DEBUG"] = False
app.config.update(DEBUG=False, TESTING=False)
app.config.setdefault("DEBUG", False)
os.environ["FLASK_DEBUG"] = "0"
os.environ["FLASK_ENV"] = "development"  # by hand
app.config["DEBUG"] = bool(os.environ.get("DEBUG", "yes"))  # by hand
app.config["DEBUG"] = os.environ.get("DEBUG", False)


class Config:
    SECRET_KEY = os.environ["SECRET_KEY"]
    DEBUG = False


class DevelopmentConfig(Config):
    DEBUG = True


def everywhere():
    app.run("127.0.0.2", 8080, None)


def by_werkzeug():
    run_simple("0.0.0.0", 80, app, use_reloader=True)


if __name__ == "__main__":
    app.run(
        host="0.0.0.0",
    )
