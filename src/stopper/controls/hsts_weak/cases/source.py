import os

from flask import Flask, make_response
from flask_sslify import SSLify
from flask_talisman import Talisman

app = Flask(__name__)
AGE = 3600
YEAR = 31536000

Talisman(app, strict_transport_security_max_age=AGE)  # bad
Talisman(app, strict_transport_security_max_age=YEAR)  # ok
Talisman(app, force_https=True)  # ok
Talisman(app, strict_transport_security_max_age=int(os.environ["AGE"]))
SSLify(app, age=300)  # bad
SSLify(app)  # ok


@app.after_request
def by_key(response):
    response.headers["Strict-Transport-Security"] = "max-age=86400"  # bad
    return response


@app.after_request
def forgotten(response):
    response.headers["strict-transport-security"] = "max-age=0"  # bad
    return response


@app.after_request
def misspelt(response):
    response.headers.set("Strict-Transport-Security", "maxage=31536000")  # bad
    return response


@app.after_request
def with_comma(response):
    response.headers.add("Strict-Transport-Security", "max-age=31536000, includeSubDomains")  # bad
    return response


@app.after_request
def twice(response):
    response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; max-age=1")  # bad
    return response


@app.get("/orders")
def orders():
    return "", 200, {"Strict-Transport-Security": "max-age=604800"}  # bad


@app.get("/pairs")
def pairs():
    return make_response("", 200, [("Strict-Transport-Security", "max-age=10")])  # bad


@app.after_request
def right(response):
    response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains; preload"  # ok
    return response


@app.after_request
def quoted(response):
    response.headers["Strict-Transport-Security"] = 'MAX-AGE="63072000" ; includeSubDomains;'  # ok
    return response


@app.after_request
def computed(response):
    response.headers["Strict-Transport-Security"] = f"max-age={os.environ['AGE']}"
    return response


def seen(response):
    return response.headers["Strict-Transport-Security"] == "max-age=1"
