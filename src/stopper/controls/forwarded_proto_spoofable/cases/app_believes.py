"""An application that refuses plain HTTP unless the client says that it was https."""

from flask import Flask, abort, request

app = Flask(__name__)


@app.before_request
def https_only():
    if request.headers.get("X-Forwarded-Proto", request.scheme) != "https":
        abort(403)


@app.get("/orders")  # bad
def orders():
    return {"orders": [1, 2]}
