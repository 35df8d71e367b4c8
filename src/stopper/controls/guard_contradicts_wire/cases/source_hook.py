"""Hooks that nobody registers, and functions that are used in another way."""

from flask import Blueprint, Flask, abort, request

app = Flask(__name__)
bp = Blueprint("shop", __name__)


def check_token():  # bad
    if not known(request.headers.get("Authorization", "")):
        abort(401)


def demand_token():
    if not known(request.headers.get("Authorization", "")):
        abort(401)


def log_request():
    log(request.path)


def called_by_views():
    if not known(request.headers.get("Authorization", "")):
        abort(401)


@app.get("/orders")
def orders():
    return {}


@app.get("/invoices")  # ok
def invoices():
    called_by_views()
    return {}


@bp.get("/stock")  # ok
def stock():
    return {}


bp.before_request(demand_token)
app.register_blueprint(bp)
