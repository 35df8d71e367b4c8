"""Operations that take the token from the query, one that must not, and one whose `token` is something else."""

import hmac

from flask import Flask, abort, request

app = Flask(__name__)
ISSUED = "tok_5d41402abc4b2a76b9719d911017c592"


def login(client):
    return ISSUED


def bearer():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def demand(token):
    if not hmac.compare_digest(token.encode(), ISSUED.encode()):
        abort(401)


@app.get("/either")  # bad
def either():
    demand(bearer() or request.args.get("access_token", ""))
    return {"orders": [1]}


@app.get("/jwt-parameter")  # bad
def jwt_parameter():
    demand(bearer() or request.values.get("jwt", ""))
    return {"orders": [1]}


@app.get("/header-only")  # ok
def header_only():
    demand(bearer())
    return {"orders": [1]}


@app.get("/page-token")  # ok
def page_token():
    demand(bearer())
    return {"orders": [1], "page": request.args.get("token", "first")}


@app.get("/public")
def public():
    return {"echo": bool(request.args.get("access_token"))}
