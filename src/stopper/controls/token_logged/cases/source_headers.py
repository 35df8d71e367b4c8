"""Headers of a request in a log: all of them, and some that are no credential; claims that were decoded."""

import logging

from flask import Flask, request

app = Flask(__name__)
log = logging.getLogger(__name__)


@app.get("/whole")
def whole():
    log.debug("%r", request.headers)  # bad
    log.debug(f"called with {dict(request.headers)}")  # bad
    print(request.headers)  # bad
    headers = request.headers
    log.info("headers: %s", headers)  # bad
    return ""


@app.get("/some")
def some():
    log.debug("%s %d", request.headers.get("User-Agent"), len(request.headers))
    log.debug("%s", request.headers["Accept"])
    log.debug("%s", [name for name, _ in request.headers])
    return ""


@app.get("/connected")
def test_connection():
    print(request.headers)  # bad
    return ""


class StoreConfig:
    DB_PASSWORD = None


def unreachable():
    log.error(f"no store with {StoreConfig.DB_PASSWORD}")  # bad


def claims(dec_access_token):
    log.warning("no user of %s", dec_access_token)
