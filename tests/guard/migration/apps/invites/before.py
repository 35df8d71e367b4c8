"""An API whose tokens are signed by itsdangerous, as a tutorial on a decorator of one's own builds it."""

from functools import wraps

from flask import Flask, g, jsonify, request
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

DAY = 86_400


def create_app(folder):
    app = Flask(__name__, instance_path=str(folder))
    app.config["SECRET_KEY"] = "a-secret-of-the-invitations"
    signer = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="api-token")
    guests = {"ada": "pencil", "bob": "rubber"}
    invited = []

    def refuse(message, status=401):
        return jsonify(error=message), status

    def token_required(view):
        @wraps(view)
        def checked(*arguments, **keywords):
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer":
                return refuse("a token is needed")
            try:
                g.payload = signer.loads(token, max_age=DAY)
            except SignatureExpired:
                return refuse("the token is not valid")
            except BadSignature:
                return refuse("the token is not valid")
            return view(*arguments, **keywords)

        return checked

    @app.post("/session")
    def session():
        body = request.get_json()
        if guests.get(body["name"]) != body["password"]:
            return refuse("wrong name or password")
        return jsonify(token=signer.dumps({"user": body["name"], "can_invite": body["name"] == "ada"}))

    @app.get("/me")
    @token_required
    def me():
        return jsonify(name=g.payload["user"])

    @app.post("/invitations")
    @token_required
    def invite():
        if not g.payload["can_invite"]:
            return refuse("you may not invite", 403)
        invited.append(request.get_json()["guest"])
        return jsonify(invited=invited, by=g.payload["user"]), 201

    return app
