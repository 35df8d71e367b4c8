import logging

from flask import Flask, abort, request

app = Flask("logs_tokens")
app.logger.setLevel(logging.INFO)


def login(client):
    return "f3b1c0d9e8a74625b1d0c3e2f5a69788"


@app.get("/orders")  # bad
def orders():
    app.logger.info("asked with %s", request.headers.get("Authorization"))
    return {}


@app.get("/printed")  # bad
def printed():
    print("asked with", request.headers.get("Authorization"))
    return {}


@app.get("/products")  # ok
def products():
    app.logger.info("asked for products")
    return {}


@app.get("/cut")  # ok
def cut():
    app.logger.info("asked with %s", request.headers.get("Authorization", "")[:9])
    return {}


@app.get("/filtered")  # ok
def filtered():
    app.logger.debug("asked with %s", request.headers.get("Authorization"))
    return {}
