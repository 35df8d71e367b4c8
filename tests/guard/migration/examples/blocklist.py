"""Logging out through a list of one's own, for access and refresh tokens."""

from flask import Flask
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jti,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = "an old key of the application, long enough"
jwt = JWTManager(app)
BLOCKED = {}


@jwt.token_in_blocklist_loader
def is_blocked(_header, payload):
    return payload["jti"] in BLOCKED


@app.post("/login")
def login():
    access, refresh = create_access_token("ada"), create_refresh_token("ada")
    assert get_jti(access) != get_jti(refresh)
    return {"access_token": access, "refresh_token": refresh}


@app.delete("/logout")
@jwt_required()
def logout():
    BLOCKED[get_jwt()["jti"]] = get_jwt()["type"]
    return {"msg": "Logged out"}


@app.delete("/logout/refresh")
@jwt_required(refresh=True)
def logout_refresh():
    BLOCKED[get_jwt()["jti"]] = get_jwt()["type"]
    return {"msg": f"{BLOCKED[get_jwt()['jti']]} ended"}


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh():
    return {"access_token": create_access_token(get_jwt_identity())}


@app.get("/me")
@jwt_required()
def me():
    return {"who": get_jwt_identity()}
