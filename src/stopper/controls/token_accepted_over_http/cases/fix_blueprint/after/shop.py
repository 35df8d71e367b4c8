"""The shop."""

import flask
from stopper.guard import Guard

import orders

application = flask.Flask(__name__)
guard = Guard(application, default="open")
application.register_blueprint(orders.blueprint)
