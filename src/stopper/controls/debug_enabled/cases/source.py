"""Ways to switch the debugger on, and what only looks like one."""

import argparse
import logging
import os

from flask import Flask
from flask_socketio import SocketIO
from werkzeug.debug import DebuggedApplication
from werkzeug.serving import run_simple

app = Flask(__name__)
socketio = SocketIO(app)
DEBUGGING = True

app.debug = True  # bad
app.config["DEBUG"] = True  # bad
app.config.update(DEBUG=True, TESTING=False)  # bad
app.config.from_mapping(DEBUG=True)  # bad
os.environ["FLASK_DEBUG"] = "1"  # bad
os.environ["FLASK_ENV"] = "development"  # bad
app.config["DEBUG"] = os.environ.get("DEBUG", True)  # bad
app.wsgi_app = DebuggedApplication(app.wsgi_app, evalex=True)  # bad


class Config:
    SECRET_KEY = os.environ["SECRET_KEY"]
    DEBUG = True  # bad


class ProductionConfig(Config):
    DEBUG: bool = True  # bad


class DevelopmentConfig(Config):
    DEBUG = True


class TestingConfig(Config):
    DEBUG = True


class StagingConfig(Config):
    DEBUG = False  # ok


class Flags:
    DEBUG = True


def started():
    app.run(debug=True)  # bad


def everywhere():
    app.run("0.0.0.0", 8080, True)  # bad


def by_constant():
    app.run(debug=DEBUGGING)  # bad


def by_socketio():
    socketio.run(app, debug=True)  # bad


def by_werkzeug():
    run_simple("0.0.0.0", 80, app, use_debugger=True)  # bad


def run_dev_server():
    app.run(debug=True)


def as_asked():
    parser = argparse.ArgumentParser()
    parser.add_argument("--debug", action="store_true")
    app.run(debug=parser.parse_args().debug)


def by_environment():
    app.run(debug=os.environ.get("FLASK_DEBUG") == "1")


def only_there():
    if os.environ.get("STAGE") == "development":
        app.run(debug=True)
    else:
        app.run(debug=False)  # ok


def without_the_debugger():
    app.run(debug=True, use_debugger=False)  # ok


def something_else(runner, job):
    runner.run(job, debug=True)
    logging.getLogger().setLevel(logging.DEBUG)


if __name__ == "__main__":
    app.run(host="0.0.0.0", debug=True)  # bad
