"""One route forgotten among guarded ones; what is open by its nature stays unmarked."""

from functools import wraps

import jwt
from flask import Blueprint, Flask, abort, g, jsonify, render_template, request

app = Flask(__name__)
bp = Blueprint("shop", __name__, url_prefix="/api")


def token_required(view):
    @wraps(view)
    def wrapper(*args, **kwargs):
        header = request.headers.get("Authorization")
        if not header:
            return jsonify(error="no token"), 401
        g.claims = jwt.decode(header.split()[1], app.config["KEY"], algorithms=["HS256"])
        return view(*args, **kwargs)

    return wrapper


def timed(view):
    @wraps(view)
    def wrapper(*args, **kwargs):
        return view(*args, **kwargs)

    return wrapper


def caller():
    claims = getattr(g, "claims", None)
    token = request.headers.get("Authorization", "")
    if not token.startswith("Bearer "):
        abort(401)
    return claims


@bp.get("/orders")  # ok
@token_required
def orders():
    return jsonify([])


@bp.post("/orders")  # ok
@timed
@token_required
def add_order():
    return jsonify({}), 201


@bp.get("/orders/<int:number>")  # bad
@timed
def order(number):
    return jsonify(number=number)


@bp.delete("/orders/<int:number>")  # bad
def cancel(number):
    return "", 204


@bp.get("/invoices")  # ok
def invoices():
    caller()
    return jsonify([])


@token_required
@bp.get("/articles/<int:number>/draft")
def draft(number):
    return jsonify([])


@bp.post("/login")
def login():
    return jsonify(token="...")


@bp.post("/users")
def sign_up():
    return jsonify({}), 201


@bp.get("/articles")
def articles():
    return jsonify([])


@bp.get("/account")
def account_page():
    return render_template("account.html")


@bp.put("/legacy")
def legacy():
    abort(410)


@bp.post("/payments/callback")
def paid():
    return "", 204


app.register_blueprint(bp)
