"""Secrets compared by `==`."""

import hashlib
import os

from flask import Flask, abort, request

API_KEY = os.environ["API_KEY"]
SECRET = os.environ["WEBHOOK_SECRET"]

app = Flask(__name__)


@app.before_request
def check():
    # whoever has no key goes away
    if request.path != "/health" and request.headers.get("X-API-Key") != API_KEY:  # no key
        abort(401)


def by_token(record, token):
    return record and (record["token"] == token)


def by_prefix(token):
    return token == f"Bearer {API_KEY}" or token in (API_KEY, SECRET)  # by hand
