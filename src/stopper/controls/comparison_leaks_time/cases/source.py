"""Ways to compare a secret, and comparisons that tell nobody anything."""

import hashlib
import hmac
import inspect
import os
import secrets

from flask import Flask, abort, request, session
from flask_jwt_extended import get_jwt
from sqlalchemy import Column, String

API_KEY = os.environ["API_KEY"]
ADMIN_TOKEN = os.environ["ADMIN_TOKEN"]

app = Flask(__name__)


class Grant:
    token = Column(String(64))

    def __init__(self, token, secret):
        self.token = token
        self.secret = secret

    def fits(self, token):
        return self.token == token  # bad

    def __eq__(self, other):
        return self.token == other.token

    def set_token(self, token):
        if self.token != token:
            self.token = token


def by_header():
    if request.headers.get("X-API-Key") != API_KEY:  # bad
        abort(401)


def by_environment():
    return request.headers["Authorization"] == f"Bearer {os.environ['ADMIN_TOKEN']}"  # bad


def by_slice():
    token = request.headers.get("Authorization", "")
    return token.startswith("Bearer ") and token[7:] == ADMIN_TOKEN  # bad


def by_setting(secret):
    return app.config.get("HEALTH_SECRET") != secret  # bad


def by_item(records, token):
    for record in records:
        if record["token"] == token:  # bad
            return record
    return None


def by_list(settings):
    apikey = settings.auth.apikey
    return apikey in [request.args.get("apikey"), request.headers.get("X-API-KEY")]  # bad


def by_signature(body):
    expected = hmac.new(API_KEY.encode(), body, hashlib.sha256).hexdigest()
    return expected == request.headers["X-Hub"]  # bad


def by_name(body, signature):
    return make_signature(body) == signature  # bad


def make_signature(body):
    return hmac.new(API_KEY.encode(), body, "sha256").hexdigest()


def forged():
    return session["csrf_token"] != request.form["csrf_token"]  # bad


def of_password(user_password, record):
    hash = hashlib.sha512(user_password.encode()).hexdigest()
    returned_hash = record["password"]
    return hash == returned_hash  # bad


def of_the_operator(password):
    return password == app.config["ADMIN_PASSWORD"]  # bad


def constant_time(token):
    return hmac.compare_digest(token, ADMIN_TOKEN)  # ok


def constant_time_too(token):
    return secrets.compare_digest(token.encode(), ADMIN_TOKEN.encode())  # ok


def in_query(database, token):
    return database.query(Grant).filter(Grant.token == token).first()


def in_condition(token):
    condition = Grant.token == token
    return condition


def by_digest(record, token):
    digest = hashlib.sha256(token.encode()).hexdigest()
    return record.token_hash == digest


def of_content(manifest, digest):
    return manifest.digest == digest


def unset(token):
    return token == "" or token is None


def rotated(old_token, new_token):
    return old_token == new_token


def of_the_configuration():
    default_secret_key = "change me"
    return app.config["SECRET_KEY"] == default_secret_key or API_KEY == ADMIN_TOKEN


def token_type(token):
    return token.type == "access" and token.token_type == request.args["token_type"]


def of_a_function(function, other):
    return inspect.signature(function) == inspect.signature(other)


def round_trip(store, token):
    token_read = store.read()
    assert token_read == token


def by_digest_of_the_body(body):
    digest = hmac.new(API_KEY.encode(), body, "sha256").hexdigest()
    return request.headers["X-Hub"] == "sha256=" + digest  # bad


def own_session(sessions):
    """A JWT's id, which anybody may know, says which of the user's own sessions this one is."""
    active_session_token = get_jwt()["jti"]
    return [each for each in sessions if each.token == active_session_token]


def foreign_session(sessions):
    sent_token = request.headers["X-Session-Token"]
    return [each for each in sessions if each.token == sent_token]  # bad


def encoded(text):
    return hashlib.sha256(text.encode()).hexdigest()


def login(user, typed):
    if user.password != encoded(typed.password):  # bad
        abort(401)
    return user.password == hashlib.md5(typed.password.encode()).hexdigest()  # bad


SHIPPED_SECRET_KEY = "only-for-development"


def refuse_shipped(secret_key):
    if secret_key == SHIPPED_SECRET_KEY:
        raise RuntimeError("set SECRET_KEY")


def keyed(settings):
    value = request.values.get("key")
    if value != settings.api_key:  # bad
        abort(401)


def by_kept_hash(settings, given):
    hashed_password = slow_hash(settings.salt, given)
    return hashed_password == settings.auth_password  # bad


def paged(page):
    value = request.values.get("page")
    return value == page.number


def compare_password(one, two):
    return one == two  # bad


def compare_pages(one, two):
    return one == two


def by_salt(row, password):
    given_hash = salted(password, row["salt"])
    return given_hash != row["hash"]  # bad


LISTED_API_KEYS = os.environ["API_KEYS"].split(",")
HASHED_API_KEYS = {"one", "two"}
PAGE_KEYS = ["first", "second"]


def by_list_of_keys():
    api_key = request.headers.get("X-API-Key")
    if api_key not in LISTED_API_KEYS:  # bad
        abort(401)


def by_set():
    api_key = request.headers.get("X-API-Key")
    if api_key not in HASHED_API_KEYS:
        abort(401)


def by_page():
    return request.args.get("page") in PAGE_KEYS
