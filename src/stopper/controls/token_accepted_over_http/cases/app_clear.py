"""Operations that take a token however it comes, that refuse plain HTTP, and that redirect it."""

from flask import Flask, abort, redirect, request

app = Flask(__name__)


def login(client):
    return "tok_5d41402abc4b2a76b9719d911017c592"


def check():
    if request.headers.get("Authorization") != f"Bearer {login(None)}":
        abort(401)


@app.get("/any")  # bad
def any_way():
    check()
    return {"orders": [1, 2]}


@app.get("/refused")  # ok
def refused():
    if not request.is_secure:
        abort(403)
    check()
    return {"orders": [1, 2]}


@app.get("/redirected")  # ok
def redirected():
    if not request.is_secure:
        return redirect(request.url.replace("http://", "https://", 1))
    check()
    return {"orders": [1, 2]}


@app.get("/late")
def late():
    check()
    if not request.is_secure:
        abort(403)
    return {"orders": [1, 2]}
