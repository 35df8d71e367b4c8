"""Claims read again in a view: behind a guard that has verified the token, and behind none."""

from functools import wraps

import jwt
from flask import Flask, abort, jsonify, request

app = Flask(__name__)
KEYS = jwt.PyJWKClient("https://issuer.test/jwks")


def bearer():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    return token


def requires_auth(view):
    @wraps(view)
    def checked(*args, **kwargs):
        token = bearer()
        try:
            jwt.decode(token, KEYS.get_signing_key_from_jwt(token).key, algorithms=["RS256"], audience="shop")  # ok
        except jwt.PyJWTError:
            abort(401)
        return view(*args, **kwargs)

    return checked


def has_scope(wanted):
    claims = jwt.decode(bearer(), options={"verify_signature": False})
    return wanted in claims.get("scope", "").split()


def has_role(wanted):
    claims = jwt.decode(bearer(), options={"verify_signature": False})  # bad
    return wanted in claims.get("roles", [])


@app.get("/orders")
@requires_auth
def orders():
    return jsonify([]) if has_scope("read:orders") else abort(403)


@app.get("/customers")
@requires_auth
def customers():
    return jsonify([]) if has_role("clerk") else abort(403)


@app.get("/stock")
def stock():
    return jsonify([]) if has_role("clerk") else abort(403)
