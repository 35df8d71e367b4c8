"""Every refusal in words of one's own, the manager set up by a factory."""

from datetime import timedelta

from flask import Flask, jsonify
from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token, get_jwt_identity, jwt_required

jwt = JWTManager()
BLOCKED = set()


def make_app():
    app = Flask(__name__)
    app.config["JWT_SECRET_KEY"] = "an old key of the application, long enough"
    app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(minutes=5)
    jwt.init_app(app, add_context_processor=True)

    @app.post("/login/<name>")
    def login(name):
        return {"access_token": create_access_token(name), "refresh_token": create_refresh_token(name)}

    @app.get("/me")
    @jwt_required()
    def me():
        return {"who": get_jwt_identity()}

    @app.get("/fresh")
    @jwt_required(fresh=True)
    def fresh():
        return {"who": get_jwt_identity()}

    @app.post("/block/<name>")
    def block(name):
        BLOCKED.add(name)
        return "", 204

    return app


@jwt.unauthorized_loader
def unauthorized(reason):
    return jsonify(own="no token", why=reason), 418


@jwt.invalid_token_loader
def invalid(reason):
    return jsonify(own="invalid", told=bool(reason)), 400


@jwt.expired_token_loader
def expired(header, payload):
    return jsonify(own="expired", who=payload["sub"], kind=payload["type"], header=bool(header)), 401


@jwt.revoked_token_loader
def revoked(_header, payload):
    return jsonify(own="revoked", who=payload["sub"]), 403


@jwt.needs_fresh_token_loader
def needs_fresh(_header, payload):
    return jsonify(own="stale", who=payload["sub"]), 401


@jwt.token_in_blocklist_loader
def is_blocked(_header, payload):
    return payload["sub"] in BLOCKED


@jwt.token_verification_loader
def verify(_header, payload):
    return payload["sub"] != "mallory"


@jwt.token_verification_failed_loader
def verification_failed(_header, payload):
    return jsonify(own="not you", who=payload["sub"]), 403


@jwt.user_lookup_loader
def look_up(_header, payload):
    return None if payload["sub"] == "ghost" else payload["sub"].upper()


@jwt.user_lookup_error_loader
def no_user(_header, payload):
    return jsonify(own="nobody", who=payload["sub"]), 404


app = make_app()
