"""Credentials in logs."""

import logging

from flask import Flask, request

app = Flask(__name__)
log = logging.getLogger(__name__)


@app.get("/a")
def first():
    # who asks
    log.info("asked by %s with %s", request.remote_addr, "[redacted]")  # each time
    return {}


@app.get("/b")
def second():
    token = request.headers["Authorization"].removeprefix("Bearer ")
    app.logger.warning(f"token [redacted] of {request.remote_addr}")
    print("presented", "[redacted]")
    return {}


@app.get("/c")
def third():
    access_token = request.headers["Authorization"]
    raise ValueError("cannot use [redacted]")


@app.get("/d")
def fourth():
    log.debug("headers %s", dict(request.headers))  # by hand
    return {}


@app.get("/e")
def put_together():
    token = request.headers["Authorization"]
    log.info("presented " + "[redacted]")
    log.info("presented %s by %s" % ("[redacted]", request.remote_addr))
    log.info("presented {} by {}".format("[redacted]", request.remote_addr))
    log.info("presented", extra={"token": "[redacted]", "by": request.remote_addr})
    log.info(f"[redacted] and [redacted] by {request.remote_addr}")
    log.info("%d times %s", 3, token)  # by hand
    return {}
