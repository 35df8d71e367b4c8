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


@app.get("/e")
def put_together():
    token = request.headers["Authorization"]
    log.info("presented " + token)
    log.info("presented %s by %s" % (token, request.remote_addr))
    log.info("presented {} by {}".format(token, request.remote_addr))
    log.info("presented", extra={"token": token, "by": request.remote_addr})
    log.info(f"{token!r} and {token} by {request.remote_addr}")
    log.info("%d times %s", 3, token)  # by hand
    return {}
