"""The invitations, moved to the guard by docs/guard/migrating/itsdangerous.md."""

from datetime import UTC, datetime, timedelta

from flask import Flask, jsonify, request
from itsdangerous import URLSafeTimedSerializer

from stopper.guard import Guard, InsufficientScope, Refusal, Unauthenticated, current_token
from stopper.guard.compat.old import accept_old, signed_value

DAY = 86_400


def create_app(folder):
    app = Flask(__name__, instance_path=str(folder))
    app.config["SECRET_KEY"] = "a-secret-of-the-invitations"
    app.config["STOPPER_ACCESS_LIFETIME"] = DAY
    guard = Guard(app)
    signer = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="api-token")
    old = signed_value(
        signer,
        max_age=DAY,
        subject=lambda payload: payload["user"],
        scopes=lambda payload: ["invite"] if payload["can_invite"] else [],
    )
    accept_old(app, old, until=datetime.now(UTC) + timedelta(days=1))
    guests = {"ada": "pencil", "bob": "rubber"}
    invited = []

    def refuse(message, status=401):
        return jsonify(error=message), status

    @app.errorhandler(Refusal)
    def refuse_token(refusal):
        if isinstance(refusal, InsufficientScope):
            return refuse("you may not invite", 403)
        needed = isinstance(refusal, Unauthenticated)
        return refuse("a token is needed" if needed else "the token is not valid", refusal.code)

    @app.post("/session")
    @guard.public
    def session():
        body = request.get_json()
        if guests.get(body["name"]) != body["password"]:
            return refuse("wrong name or password")
        scopes = ["invite"] if body["name"] == "ada" else []
        return jsonify(token=guard.issue(body["name"], scopes)["access_token"])

    @app.get("/me")
    @guard.require
    def me():
        return jsonify(name=current_token.subject)

    @app.post("/invitations")
    @guard.require("invite")
    def invite():
        invited.append(request.get_json()["guest"])
        return jsonify(invited=invited, by=current_token.subject), 201

    return app
