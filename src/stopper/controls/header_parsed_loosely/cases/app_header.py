"""Ways of taking a token out of the header: loose ones, one that compares the scheme's case, and the right one."""

import hmac
import re

from flask import Flask, abort, request

app = Flask(__name__)
ISSUED = "tok_5d41402abc4b2a76b9719d911017c592"
B64TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


def login(client):
    return ISSUED


def answer(token):
    if not hmac.compare_digest(token.encode(), ISSUED.encode()):
        abort(401)
    return {"orders": [1, 2]}


@app.get("/replace")  # bad
def replace():
    return answer(request.headers.get("Authorization", "").replace("Bearer ", "").replace("bearer ", ""))


@app.get("/last-word")  # bad
def last_word():
    return answer(request.headers.get("Authorization", "").split(" ")[-1])


@app.get("/first-of-list")  # bad
def first_of_list():
    scheme, _, token = request.headers.get("Authorization", "").partition(",")[0].partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    return answer(token)


@app.get("/any-space")  # bad
def any_space():
    words = request.headers.get("Authorization", "").split()
    if len(words) != 2 or words[0].lower() != "bearer":
        abort(401)
    return answer(words[1])


@app.get("/case")  # bad
def case():
    header = request.headers.get("Authorization", "")
    if not header.startswith("Bearer "):
        abort(401)
    return answer(header[7:])


@app.get("/strict")  # ok
def strict():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not B64TOKEN.fullmatch(token):
        abort(401)
    return answer(token)


@app.get("/any-of-list")  # bad
def any_of_list():
    for field in request.headers.get("Authorization", "").split(","):
        scheme, _, token = field.strip().partition(" ")
        if scheme.lower() == "bearer" and B64TOKEN.fullmatch(token):
            return answer(token)
    abort(401)
