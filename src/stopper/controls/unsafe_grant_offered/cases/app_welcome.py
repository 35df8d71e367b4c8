"""An API that answers every path with the same page, which is no metadata."""

from flask import Flask

app = Flask(__name__)


@app.get("/orders")
def orders():
    return {"orders": []}


@app.errorhandler(404)
def anything(error):
    return {"page": "welcome", "grant_types_supported": ["password"]}
