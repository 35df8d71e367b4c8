"""Verifications whose failure lets a caller in, and those whose failure turns the caller away."""

import logging
from functools import wraps

import jwt
from flask import abort, g, jsonify, request
from flask_jwt_extended import verify_jwt_in_request
from flask_jwt_extended.exceptions import NoAuthorizationError

log = logging.getLogger(__name__)


def passed_over(view):
    @wraps(view)
    def inner(*args, **kwargs):
        try:
            g.user = verify_token(request.headers["X-Token"])
        except Exception:  # bad
            pass
        return view(*args, **kwargs)

    return inner


def logged_only(f):
    @wraps(f)
    def inner(*args, **kwargs):
        try:
            verify_jwt_in_request()
        except jwt.InvalidTokenError as error:  # bad
            log.warning("refused: %s", type(error))
        return f(*args, **kwargs)

    return inner


def called_in_the_handler(f):
    @wraps(f)
    def inner(*args, **kwargs):
        try:
            verify_jwt_in_request()
            return f(*args, **kwargs)
        except:  # bad
            return f(*args, **kwargs)

    return inner


def is_valid(token, key):
    try:
        jwt.decode(token, key, algorithms=["HS256"])
        return True
    except jwt.InvalidTokenError:  # bad
        return True


def read_after_all(token, key):
    try:
        return jwt.decode(token, key, algorithms=["HS256"])
    except jwt.InvalidSignatureError:  # bad
        try:
            return jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return None


def turned_away(view):
    @wraps(view)
    def inner(*args, **kwargs):
        try:
            g.user = verify_token(request.headers["X-Token"])
        except Exception:  # ok
            return jsonify(error="invalid token"), 401
        return view(*args, **kwargs)

    return inner


def aborted(view):
    @wraps(view)
    def inner(*args, **kwargs):
        try:
            verify_jwt_in_request()
        except jwt.InvalidTokenError:  # ok
            abort(401)
        return view(*args, **kwargs)

    return inner


def checked_after(view):
    @wraps(view)
    def inner(*args, **kwargs):
        user = None
        try:
            user = verify_token(request.headers["X-Token"])
        except Exception:
            log.info("refused")
        if user is None:
            abort(401)
        return view(*args, **kwargs)

    return inner


def optional_token(view):
    @wraps(view)
    def inner(*args, **kwargs):
        try:
            g.user = verify_token(request.headers["X-Token"])
        except jwt.InvalidTokenError:
            g.user = None
        return view(*args, **kwargs)

    return inner


def none_presented(view):
    @wraps(view)
    def inner(*args, **kwargs):
        try:
            verify_jwt_in_request()
        except NoAuthorizationError:
            g.user = None
        return view(*args, **kwargs)

    return inner


def verify_token(token):
    try:
        return jwt.decode(token, "key of the shop", algorithms=["HS256"])
    except Exception:  # ok
        return None


def is_token_revoked(token):
    try:
        return lookup(verify_token(token))
    except LookupError:  # ok
        return True


def explained(token, key):
    try:
        return jwt.decode(token, key, algorithms=["HS256"])
    except jwt.InvalidTokenError:  # ok
        log.info("refused %s", jwt.get_unverified_header(token)["kid"])
        raise


def migration(cursor):
    try:
        cursor.execute("ALTER TABLE tokens ADD COLUMN used BOOLEAN")
    except Exception:
        pass


def lookup(_):
    return False
