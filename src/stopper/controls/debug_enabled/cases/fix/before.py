import os

from flask import Flask
from werkzeug.debug import DebuggedApplication
from werkzeug.serving import run_simple

app = Flask(__name__)

app.debug = True  # while it is new
app.config["DEBUG"] = True
app.config.update(DEBUG=True, TESTING=False)
app.config.setdefault("DEBUG", True)
os.environ["FLASK_DEBUG"] = "1"
os.environ["FLASK_ENV"] = "development"  # by hand
app.config["DEBUG"] = bool(os.environ.get("DEBUG", "yes"))  # by hand
app.config["DEBUG"] = os.environ.get("DEBUG", True)
app.wsgi_app = DebuggedApplication(app.wsgi_app, evalex=True)


class Config:
    SECRET_KEY = os.environ["SECRET_KEY"]
    DEBUG = True


class DevelopmentConfig(Config):
    DEBUG = True


def everywhere():
    app.run("127.0.0.2", 8080, True)


def by_werkzeug():
    run_simple("0.0.0.0", 80, DebuggedApplication(app, True), use_debugger=True, use_reloader=True)


if __name__ == "__main__":
    app.run(
        host="0.0.0.0",
        debug=True,  # shows what went wrong
        use_debugger=True,
    )
