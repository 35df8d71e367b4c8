"""Ways around the authentication, and conditions that only look like one."""

import os
from functools import wraps

from flask import abort, current_app, g, jsonify, request

DISABLE_AUTH = os.environ.get("DISABLE_AUTH")


def token_required(view):
    @wraps(view)
    def inner(*args, **kwargs):
        if current_app.testing:  # bad
            return view(*args, **kwargs)
        if current_app.config.get("DEBUG"):  # bad
            return view(*args, **kwargs)
        if DISABLE_AUTH:  # bad
            return view(*args, **kwargs)
        token = request.headers.get("X-Token")
        if token == "let-me-in":  # bad
            g.user = "admin"
            return view(*args, **kwargs)
        check(token)
        return view(*args, **kwargs)

    return inner


def verify_token(token):
    if token == "debug-token" or token == "other-token":  # bad
        return True
    return check(token)


def options():
    chosen = {}
    if current_app.config["TESTING"]:  # bad
        chosen["verify_signature"] = False
    return chosen


def only_in_production(view):
    @wraps(view)
    def inner(*args, **kwargs):
        if current_app.testing:
            return view(*args, **kwargs)
        return measured(view, *args, **kwargs)

    return inner


def login_required(view):
    @wraps(view)
    def inner(*args, **kwargs):
        if not current_app.debug:
            check(request.headers.get("X-Token"))
        if request.method == "OPTIONS":
            return view(*args, **kwargs)
        token = request.headers.get("X-Token")
        if token == "null" or token == "":
            abort(401)
        if token == "a-token-that-was-leaked":
            abort(401)
        return view(*args, **kwargs)

    return inner


def shutdown():
    if not current_app.testing:
        abort(404)
    return "stopping"


def told():
    if current_app.debug:
        return jsonify(error="details")
    return "error"


def token_kind(token_type, auth_token):
    if token_type == "refresh":
        return True
    return auth_token


def check(_):
    return None


def measured(view, *args, **kwargs):
    return view(*args, **kwargs)
