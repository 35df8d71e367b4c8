"""Refresh tokens, and routes that want a fresh login."""

from datetime import timedelta

from flask import Flask
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = "an old key of the application, long enough"
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(hours=1)
app.config["JWT_REFRESH_TOKEN_EXPIRES"] = timedelta(days=3)
jwt = JWTManager(app)


@app.post("/login")
def login():
    return {
        "access_token": create_access_token("ada", fresh=True),
        "refresh_token": create_refresh_token("ada", additional_claims={"device": "phone"}),
    }


@app.post("/login/minutes")
def login_for_minutes():
    return {"access_token": create_access_token("ada", fresh=timedelta(minutes=15))}


@app.post("/login/briefly")
def login_briefly():
    return {
        "access_token": create_access_token("ada", expires_delta=timedelta(minutes=1)),
        "refresh_token": create_refresh_token("ada", expires_delta=timedelta(minutes=2)),
    }


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh():
    return {"access_token": create_access_token(get_jwt_identity(), fresh=False), "device": get_jwt().get("device")}


@app.get("/me")
@jwt_required()
def me():
    return {"who": get_jwt_identity(), "fresh": bool(get_jwt()["fresh"])}


@app.post("/password")
@jwt_required(fresh=True)
def password():
    return {"changed": True}
