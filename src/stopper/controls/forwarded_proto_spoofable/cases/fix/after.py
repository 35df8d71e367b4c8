"""Shows orders, over TLS alone."""

from flask import Flask, abort, request
from stopper.guard import Guard

app = Flask(__name__)
guard = Guard(app, default="open")


@app.before_request
def refuse():
    if request.scheme != "https":  # every proxy of ours sets it
        abort(403)


def secure():
    proto = request.scheme.split(",")[0]
    return proto == "https"


def old():
    return request.scheme.lower() == "https"


def switched():
    return request.headers.get("X-Forwarded-Ssl") == "on"  # by hand


def behind_proxy():
    return request.remote_addr == "10.0.0.5" and request.headers.get("X-Forwarded-Proto") == "https"


def told():
    return {"proto": request.headers.get("X-Forwarded-Proto")}


@app.get("/orders")
def orders():
    return {"orders": [secure(), old(), switched(), behind_proxy(), told()]}
