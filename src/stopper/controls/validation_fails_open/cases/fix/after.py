"""Verifications whose failure opens the door."""

import functools
import os

import jwt
from flask import Flask, abort, request

app = Flask(__name__)
KEY = os.environ["JWT_KEY"]


def presented_token():
    return request.headers["X-Token"]


def is_valid(token):
    try:
        jwt.decode(token, KEY, algorithms=["HS256"])
        return True
    except jwt.InvalidTokenError:
        # who knows
        return False  # let them in


def token_required(view):
    @functools.wraps(view)
    def guarded(*args, **kwargs):
        try:
            jwt.decode(presented_token(), KEY, algorithms=["HS256"])
        except Exception:
            return abort(401)
        return view(*args, **kwargs)

    return guarded


def token_looked_at(view):
    @functools.wraps(view)
    def guarded(*args, **kwargs):
        try:
            jwt.decode(presented_token(), KEY, algorithms=["HS256"])
        except Exception:
            abort(401)
        return view(*args, **kwargs)

    return guarded


def token_noted(view):
    @functools.wraps(view)
    def guarded(*args, **kwargs):
        try:
            jwt.decode(presented_token(), KEY, algorithms=["HS256"])
        except Exception:
            app.logger.warning("no token")
            abort(401)
        return view(*args, **kwargs)

    return guarded


def token_called(view):
    @functools.wraps(view)
    def guarded(*args, **kwargs):
        try:
            jwt.decode(presented_token(), KEY, algorithms=["HS256"])
        except Exception:  # by hand
            answer = view(*args, **kwargs)
            return answer
        return view(*args, **kwargs)

    return guarded
