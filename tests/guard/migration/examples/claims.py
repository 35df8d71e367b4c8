"""More claims than the identity, of each token and of every one; a check of one's own as a decorator."""

from functools import wraps

from flask import Flask, jsonify
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    decode_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
    verify_jwt_in_request,
)

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = "an old key of the application, long enough"
app.config["JWT_ERROR_MESSAGE_KEY"] = "problem"
jwt = JWTManager(app)


@jwt.additional_claims_loader
def more(identity):
    return {"team": "blue", "length": len(identity)}


@jwt.token_verification_loader
def verify(_header, payload):
    return payload.get("team") == "blue"


def administrators_only(view):
    @wraps(view)
    def checked(*arguments, **keywords):
        verify_jwt_in_request()
        if not get_jwt().get("administrator"):
            return jsonify(msg="Administrators only"), 403
        return view(*arguments, **keywords)

    return checked


@app.post("/login/<name>")
def login(name):
    more = {"administrator": True} if name == "root" else {"team": "red"} if name == "eve" else None
    token = create_access_token(name, additional_claims=more)
    return {"access_token": token, "sub": decode_token(token)["sub"]}


@app.get("/claims")
@jwt_required()
def claims():
    known = get_jwt()
    return {name: known[name] for name in ("team", "length", "sub", "type", "fresh")}


@app.get("/times")
@jwt_required()
def times():
    known = get_jwt()
    return {"lives": known["exp"] - known["iat"], "id": bool(known["jti"]), "started": known["nbf"] == known["iat"]}


@app.get("/admin")
@administrators_only
def admin():
    return {"hello": get_jwt_identity()}
