"""Credentials in logs."""

import logging

from flask import Flask, request

app = Flask(__name__)
log = logging.getLogger(__name__)


@app.get("/a")
def first():
    # who asks
    log.info("asked by %s with %s", request.remote_addr, request.headers.get("Authorization"))  # each time
    return {}


@app.get("/b")
def second():
    token = request.headers["Authorization"].removeprefix("Bearer ")
    app.logger.warning(f"token {token!r} of {request.remote_addr}")
    print("presented", token)
    return {}


@app.get("/c")
def third():
    access_token = request.headers["Authorization"]
    raise ValueError(f"cannot use {access_token}")


@app.get("/d")
def fourth():
    log.debug("headers %s", dict(request.headers))  # by hand
    return {}
