"""Guards above and below the decorator that makes the route."""

from functools import wraps

from flask import Flask, abort, request
from flask_jwt_extended import jwt_required
from flask_login import login_required

app = Flask(__name__)


def token_required(view):
    @wraps(view)
    def wrapped(*args, **kwargs):
        if not known(request.headers.get("Authorization", "")):
            abort(401)
        return view(*args, **kwargs)

    return wrapped


def documented(view):
    return view


@token_required
@app.get("/orders")  # bad
def orders():
    return {}


@login_required
@app.route("/exports")  # bad
def exports():
    return {}


@jwt_required()
@app.post("/orders")  # bad
@documented
def order():
    return {}


@app.get("/invoices")  # ok
@token_required
def invoices():
    return {}


@documented
@app.get("/prices")
def prices():
    return {}


@token_required
@app.get("/returns")  # ok
@token_required
def returns():
    return {}


@app.get("/stock")  # ok
@token_required
@app.get("/stock/all")  # bad
def stock():
    return {}
