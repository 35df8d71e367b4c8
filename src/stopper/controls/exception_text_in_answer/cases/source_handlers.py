"""Exceptions that a handler of the project's own answers, wherever it is registered, and answers made by functions."""

import sqlite3

from flask import Flask, current_app, jsonify
from flask_restplus import Api, abort

app = Flask(__name__)
api = Api(app)


class ShopError(Exception):
    def __init__(self, message, code):
        super().__init__(message)
        self.message = message
        self.code = code


class QuietError(Exception):
    """Nobody answers with its text."""


class Closed(Exception):
    """A handler answers for it, and tells nothing."""


def on_shop_error(error):
    return jsonify(message=error.message), error.code


def on_closed(error):
    return jsonify(message="closed"), 503


def on_anything(error):
    return failed(str(error), 500)  # bad


def on_missing(error):
    return jsonify(message=str(error)), 404


app.register_error_handler(ShopError, on_shop_error)
app.register_error_handler(Closed, on_closed)
app.register_error_handler(404, on_missing)
api.error_handlers[Exception] = on_anything


@api.errorhandler
def default(error):
    message = "unhandled: {}".format(error)  # bad
    return jsonify(message=message), 500


def failed(message, status=400, note=""):
    answer = jsonify({"message": message})
    answer.status_code = status
    current_app.logger.info(note)
    return answer


@app.get("/orders")
def orders():
    try:
        return load()
    except Exception as e:
        raise ShopError(str(e), 500)  # bad


@app.get("/closed")
def closed():
    try:
        return load()
    except Exception as e:
        raise Closed(str(e))


@app.get("/quiet")
def quiet():
    try:
        return load()
    except Exception as e:
        raise QuietError(str(e))


@app.get("/told")
def told():
    try:
        return load()
    except Exception as exc:
        return failed(message=exc.__str__())  # bad


@app.get("/noted")
def noted():
    try:
        return load()
    except Exception as e:  # ok
        return failed("something went wrong", note=str(e))


@app.get("/aborted")
def aborted():
    try:
        return load()
    except Exception as e:
        error = f"Error: {repr(e)}"  # bad
        abort(500, error, status="fail")


class ErrorResult:
    def __init__(self, message):
        self.message = message

    def to_dict(self):
        return {"message": self.message}


@app.get("/result")
def result():
    try:
        return load()
    except Exception as e:
        return ErrorResult(str(e)).to_dict()  # bad


@app.get("/driver")
def of_a_driver():
    try:
        return load()
    except sqlite3.Error as e:
        return jsonify(error=str(e))  # bad
