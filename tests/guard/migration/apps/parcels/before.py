"""An API of parcels with tokens in a table and Authlib's ResourceProtector, as its documentation builds one."""

import secrets
import time

from authlib.integrations.flask_oauth2 import ResourceProtector, current_token
from authlib.oauth2.rfc6749 import TokenMixin
from authlib.oauth2.rfc6750 import BearerTokenValidator
from flask import Flask, abort, jsonify, request
from werkzeug.security import check_password_hash, generate_password_hash


class Token(TokenMixin):
    def __init__(self, user, scope, expires_at):
        self.user = user
        self.scope = scope
        self.expires_at = expires_at
        self.revoked = False

    def get_scope(self):
        return self.scope

    def is_expired(self):
        return self.expires_at <= time.time()

    def is_revoked(self):
        return self.revoked


def create_app(folder, issued):
    app = Flask(__name__, instance_path=str(folder))
    users = {
        "ada": {"password": generate_password_hash("pencil", "pbkdf2:sha256:10"), "scope": "track"},
        "bob": {"password": generate_password_hash("rubber", "pbkdf2:sha256:10"), "scope": "track send"},
    }
    parcels = {1: {"to": "Ada", "at": "depot"}}

    class Validator(BearerTokenValidator):
        def authenticate_token(self, token_string):
            return issued.get(token_string)

    require_oauth = ResourceProtector()
    require_oauth.register_token_validator(Validator())

    @app.post("/token")
    def token():
        user = users.get(request.form["username"])
        if user is None or not check_password_hash(user["password"], request.form["password"]):
            return jsonify(error="invalid_grant"), 400
        value = secrets.token_urlsafe()
        issued[value] = Token(request.form["username"], user["scope"], time.time() + 3600)
        return jsonify(access_token=value, token_type="Bearer", expires_in=3600)

    @app.delete("/token")
    @require_oauth()
    def log_out():
        current_token.revoked = True
        return "", 204

    @app.get("/parcels/<int:number>")
    @require_oauth("track")
    def track(number):
        return jsonify(parcels.get(number) or abort(404))

    @app.post("/parcels")
    @require_oauth("track send")
    def send():
        number = len(parcels) + 1
        parcels[number] = {"to": request.get_json()["to"], "at": "depot"}
        return jsonify(number=number, by=current_token.user), 201

    @app.get("/")
    @require_oauth(optional=True)
    def welcome():
        return jsonify(hello=current_token.user if current_token else "stranger")

    @app.get("/prices")
    def prices():
        return jsonify(small=4, large=9)

    return app
