"""Shows orders, over TLS alone."""

from flask import Flask, abort, request

app = Flask(__name__)


@app.before_request
def refuse():
    if request.headers.get("X-Forwarded-Proto", "http") != "https":  # every proxy of ours sets it
        abort(403)


def secure():
    proto = request.headers["X-Forwarded-Proto"].split(",")[0]
    return proto == "https"


def old():
    return request.environ.get("HTTP_X_FORWARDED_PROTO", request.scheme).lower() == "https"


def switched():
    return request.headers.get("X-Forwarded-Ssl") == "on"  # by hand


def behind_proxy():
    return request.remote_addr == "10.0.0.5" and request.headers.get("X-Forwarded-Proto") == "https"


def told():
    return {"proto": request.headers.get("X-Forwarded-Proto")}


@app.get("/orders")
def orders():
    return {"orders": [secure(), old(), switched(), behind_proxy(), told()]}
