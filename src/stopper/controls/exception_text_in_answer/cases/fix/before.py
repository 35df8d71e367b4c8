"""Answers with the text of exceptions."""

import traceback

from flask import Flask, jsonify

from shop import sell

app = Flask(__name__)


@app.get("/a")
def plain():
    try:
        return sell()
    except Exception as error:
        # say what happened
        return jsonify(error=str(error)), 500  # all of it


@app.get("/b")
def in_a_text():
    try:
        return sell()
    except Exception as error:
        app.logger.warning("not sold")
        return {"error": f"not sold: {error}"}, 500


@app.get("/c")
def trace():
    try:
        return sell()
    except Exception:
        return traceback.format_exc(), 500


@app.errorhandler(Exception)
def handled(error):
    """Answer what nobody foresaw."""
    return {"error": repr(error)}, 500


@app.get("/d")
def parts():
    try:
        return sell()
    except Exception as error:
        return {"error": list(error.args)}, 500  # by hand


@app.get("/e")
def filled_in():
    try:
        return sell()
    except Exception as error:
        app.logger.warning("not sold")
        text = "not sold: %s" % error
        return {"error": text, "more": f"not sold: {str(error)}"}, 500
