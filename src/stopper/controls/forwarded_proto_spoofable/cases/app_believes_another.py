"""An application that believes the header of another kind of proxy."""

from flask import Flask, redirect, request

app = Flask(__name__)


@app.before_request
def https_only():
    if not request.is_secure and request.headers.get("X-Forwarded-Ssl") != "on":
        return redirect(request.url.replace("http://", "https://"))


@app.get("/orders")  # bad
def orders():
    return {"orders": [1, 2]}
