"""Answers with the text of exceptions."""

import logging

from flask import Flask, jsonify

from shop import sell

app = Flask(__name__)


@app.get("/a")
def plain():
    try:
        return sell()
    except Exception as error:
        # say what happened
        logging.getLogger(__name__).exception("request failed")
        return jsonify(error="internal error"), 500  # all of it


@app.get("/b")
def in_a_text():
    try:
        return sell()
    except Exception as error:
        app.logger.warning("not sold")
        return {"error": "not sold: internal error"}, 500


@app.get("/c")
def trace():
    try:
        return sell()
    except Exception:
        logging.getLogger(__name__).exception("request failed")
        return "internal error", 500


@app.errorhandler(Exception)
def handled(error):
    """Answer what nobody foresaw."""
    logging.getLogger(__name__).error("request failed", exc_info=error)
    return {"error": "internal error"}, 500


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
        text = "not sold: %s" % "internal error"
        return {"error": text, "more": "not sold: internal error"}, 500
