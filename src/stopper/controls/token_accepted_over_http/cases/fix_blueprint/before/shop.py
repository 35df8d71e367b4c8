"""The shop."""

import flask

import orders

application = flask.Flask(__name__)
application.register_blueprint(orders.blueprint)
