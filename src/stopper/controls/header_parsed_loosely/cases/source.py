"""Ways to take a token out of the Authorization header, and what only looks like one."""

import re

import jwt
from flask import Flask, abort, request

app = Flask(__name__)
KEY = app.config["KEY"]
BEARER = re.compile(r"Bearer ([\w.~+/-]+=*)", re.IGNORECASE)


def by_replace():
    return request.headers["Authorization"].replace("Bearer ", "")  # bad


def by_position():
    header = request.headers.get("Authorization", "")
    return header.split()[1]  # bad


def by_last_word():
    return request.headers.get("authorization").split(" ")[-1]  # bad


def by_slice():
    header = request.environ.get("HTTP_AUTHORIZATION")
    if header:
        return header[7:]  # bad
    return None


def by_letters(headers):
    return headers.get("Authorization").lstrip("Bearer ")  # bad


def scheme_unread():
    scheme, token = request.headers["Authorization"].split(None, 1)  # bad
    return token


def either():
    header = request.headers["Authorization"]
    if "Bearer" in header:
        token = header.split(" ")[1]
    else:
        token = header  # bad
    return token


def stripped_if_there(key):
    token = request.headers.get("Authorization", "")
    if token.startswith("Bearer "):
        token = token[7:]  # bad
    return jwt.decode(token, key, algorithms=["HS256"])


def stripped_by_another(token, key):
    if token.startswith("Bearer "):
        parts = token.split("Bearer ")  # bad
        token = parts[1]
    return jwt.decode(token, key, algorithms=["HS256"])


@app.get("/stripped")
def stripped():
    return stripped_by_another(request.headers.get("Authorization"), KEY)


@app.post("/logout")
def logout():
    auth_header = request.headers.get("Authorization")
    return end(data=auth_header, note=request.headers["Note"])


def end(data, note):
    token = data.split(" ")[1]  # bad
    return token + note.split(",")[0]


def stripped_for_a_job(token, key):
    if token.startswith("Bearer "):
        token = token[7:]
    return jwt.decode(token, key, algorithms=["HS256"])


def stripped_or_refused(key):
    token = request.headers.get("Authorization", "")
    if not token.startswith("Bearer "):
        abort(401)
    if token.startswith("Bearer "):
        token = token[7:]
    return jwt.decode(token, key, algorithms=["HS256"])


def whole(key):
    header = request.headers.get("Authorization")  # bad
    return jwt.decode(header, key, algorithms=["HS256"])


def parsed(auth_header):
    return auth_header.removeprefix("Bearer ")  # bad


def by_scheme():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":  # ok
        abort(401)
    return token


def by_prefix():
    header = request.headers.get("Authorization", "")
    if not header.startswith("Bearer "):
        abort(401)
    return header[7:]


def by_grammar():
    match = BEARER.fullmatch(request.headers.get("Authorization", ""))
    return match[1] if match else None


def by_parts():
    parts = request.headers.get("Authorization", "").split()
    if len(parts) != 2 or parts[0].lower() != "bearer":  # ok
        abort(401)
    return parts[1]


def given_to_an_object(kind):
    scheme, token = request.headers["Authorization"].split(None, 1)
    return kind(scheme, token)


def of_flask():
    return request.authorization.token


def of_basic():
    return request.headers["Authorization"][len("Basic ") :]


def another_header():
    return request.headers["Accept-Language"].split(",")[0]


def outbound(session):
    return session.headers["Authorization"][7:]
