"""A server that answers TRACE with something else, as a catch-all does."""

from flask import Flask, request

app = Flask(__name__)


@app.before_request
def everything():
    return {"page": "welcome"} if request.method == "TRACE" else None


@app.get("/orders")  # ok
def orders():
    return {"orders": []}
