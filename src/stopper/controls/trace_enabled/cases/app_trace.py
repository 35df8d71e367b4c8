"""A server that repeats requests."""

from flask import Flask, Response, request

app = Flask(__name__)


@app.before_request
def repeat():
    if request.method == "TRACE":
        lines = [f"{name}: {value}" for name, value in request.headers.items()]
        return Response("\r\n".join(["TRACE / HTTP/1.1", *lines]), content_type="message/http")
    return None


@app.get("/orders")  # bad
def orders():
    return {"orders": []}
