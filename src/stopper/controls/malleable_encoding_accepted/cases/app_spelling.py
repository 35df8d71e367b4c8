"""A reader that takes any spelling of base64, one that takes a member twice, and one that takes the one right form."""

import base64
import hashlib
import hmac
import json
import re
import time

from flask import Flask, abort, request

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signature(signing_input):
    return hmac.new(KEY.encode(), signing_input.encode(), hashlib.sha256).digest()


def login(client):
    header = part(json.dumps({"alg": "HS256"}).encode())
    claims = part(json.dumps({"sub": "ada", "exp": int(time.time()) + 600}).encode())
    return f"{header}.{claims}.{part(signature(f'{header}.{claims}'))}"


def canonical(text):
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text) or part(base64.urlsafe_b64decode(text + "==")) != text:
        abort(401)
    return text


def once(pairs):
    if len(dict(pairs)) != len(pairs):
        abort(401)
    return dict(pairs)


def subject(check, **reading):
    parts = request.headers.get("Authorization", "").removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        abort(401)
    header, claims, given = (check(text) for text in parts)
    try:
        if not hmac.compare_digest(signature(f"{header}.{claims}"), base64.urlsafe_b64decode(given + "==")):
            abort(401)
        json.loads(base64.urlsafe_b64decode(header + "==").decode(), **reading)
        return {"subject": json.loads(base64.urlsafe_b64decode(claims + "==").decode(), **reading)["sub"]}
    except ValueError:
        abort(401)


@app.get("/any-spelling")  # bad
def any_spelling():
    return subject(lambda text: text, object_pairs_hook=once)


@app.get("/named-twice")  # bad
def named_twice():
    return subject(canonical)


@app.get("/strict")  # ok
def strict():
    return subject(canonical, object_pairs_hook=once)
