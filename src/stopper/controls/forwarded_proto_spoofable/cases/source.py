"""Forwarding headers that decide, with and without a look at who sent them, and ones that decide nothing."""

import logging

from flask import Flask, abort, request
from flask_talisman import Talisman
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
TRUSTED_PROXIES = frozenset({"10.0.0.5"})
app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)  # bad
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=0)
Talisman(app)  # bad
Talisman(app, force_https=False)


@app.before_request
def only_https():
    if request.headers.get("X-Forwarded-Proto", "http") != "https":  # bad
        abort(403)


def is_secure():
    scheme = request.environ.get("HTTP_X_FORWARDED_PROTO", request.scheme)  # bad
    return scheme == "https"


def offloaded():
    return request.headers["X-Forwarded-Ssl"] == "on"  # bad


def from_proxy():
    if request.remote_addr not in TRUSTED_PROXIES:
        return request.is_secure
    return request.headers.get("X-Forwarded-Proto") == "https"  # ok


def log_scheme():
    logging.info("scheme %s", request.headers.get("X-Forwarded-Proto"))


def address():
    return request.headers.get("X-Forwarded-For", "").split(",")[0] == "http"


def told_url():
    scheme = request.headers.get("X-Forwarded-Scheme")
    if scheme is None and request.headers.get("X-Forwarded-Ssl") == "on":
        scheme = "https"
    return f"{scheme or request.scheme}://{request.host}{request.path}"


def told_and_asked():
    scheme = "http"
    if request.headers.get("Front-End-Https") == "on":  # bad
        scheme = "https"
    if scheme != "https":
        abort(403)
