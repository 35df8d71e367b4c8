"""An application that goes by the connection alone, but for one page that is served over both."""

from flask import Flask, abort, request

app = Flask(__name__)


@app.before_request
def https_only():
    if not request.is_secure and request.endpoint != "health":
        abort(403)


@app.get("/health")
def health():
    return {"status": "up"}


@app.get("/orders")  # ok
def orders():
    return {"orders": [1, 2]}
