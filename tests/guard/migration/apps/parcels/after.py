"""An API of parcels behind the guard, moved from ResourceProtector by the page, with the old table until a date."""

from datetime import date, timedelta

from flask import Flask, abort, jsonify, request
from werkzeug.security import check_password_hash, generate_password_hash

from stopper.guard import Guard, Token, current_token
from stopper.guard.compat.old import accept_old
from stopper.secret import fingerprint


def create_app(folder, issued):
    app = Flask(__name__, instance_path=str(folder))
    guard = Guard(app)
    users = {
        "ada": {"password": generate_password_hash("pencil", "pbkdf2:sha256:10"), "scope": "track"},
        "bob": {"password": generate_password_hash("rubber", "pbkdf2:sha256:10"), "scope": "track send"},
    }
    parcels = {1: {"to": "Ada", "at": "depot"}}

    def look_up(credential):
        found = issued.get(credential)
        if found is None or found.is_revoked():
            return None
        return Token(
            id=fingerprint(credential),
            subject=found.user,
            scopes=frozenset(found.get_scope().split()),
            issued_at=found.expires_at - 3600,
            expires_at=found.expires_at,
        )

    accept_old(app, look_up, until=date.today() + timedelta(days=30))

    @app.post("/token")
    @guard.public
    def token():
        user = users.get(request.form["username"])
        if user is None or not check_password_hash(user["password"], request.form["password"]):
            return jsonify(error="invalid_grant"), 400
        return guard.issue(request.form["username"], user["scope"].split())

    @app.delete("/token")
    def log_out():
        guard.revoke(current_token)
        return "", 204

    @app.get("/parcels/<int:number>")
    @guard.require("track")
    def track(number):
        return jsonify(parcels.get(number) or abort(404))

    @app.post("/parcels")
    @guard.require("track", "send")
    def send():
        number = len(parcels) + 1
        parcels[number] = {"to": request.get_json()["to"], "at": "depot"}
        return jsonify(number=number, by=current_token.subject), 201

    @app.get("/")
    @guard.optional
    def welcome():
        return jsonify(hello=current_token.subject if current_token else "stranger")

    @app.get("/prices")
    @guard.public
    def prices():
        return jsonify(small=4, large=9)

    return app
