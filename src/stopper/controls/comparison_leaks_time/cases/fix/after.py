"""Secrets compared by `==`."""

import hashlib
import hmac
import os

from flask import Flask, abort, request

API_KEY = os.environ["API_KEY"]
SECRET = os.environ["WEBHOOK_SECRET"]

app = Flask(__name__)


@app.before_request
def check():
    # whoever has no key goes away
    if request.path != "/health" and not hmac.compare_digest(repr(request.headers.get("X-API-Key")).encode(), repr(API_KEY).encode()):  # no key
        abort(401)


def by_token(record, token):
    return record and (hmac.compare_digest(repr(record["token"]).encode(), repr(token).encode()))


def by_prefix(token):
    return hmac.compare_digest(repr(token).encode(), repr(f"Bearer {API_KEY}").encode()) or token in (API_KEY, SECRET)  # by hand
