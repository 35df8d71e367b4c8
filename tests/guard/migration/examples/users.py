"""Users as objects: put into tokens by their id, and looked up again for each request."""

from dataclasses import dataclass

from flask import Flask, jsonify
from flask_jwt_extended import JWTManager, create_access_token, current_user, get_current_user, jwt_required

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = "an old key of the application, long enough"
jwt = JWTManager(app)


@dataclass
class User:
    id: int
    name: str


USERS = {"1": User(1, "ada"), "2": User(2, "bob")}


@jwt.user_identity_loader
def identity(user):
    return str(user.id)


@jwt.user_lookup_loader
def look_up(_header, payload):
    return USERS.get(payload["sub"])


@app.post("/login/<number>")
def login(number):
    return {"access_token": create_access_token(USERS[number])}


@app.delete("/users/<number>")
def remove(number):
    del USERS[number]
    return "", 204


@app.get("/me")
@jwt_required()
def me():
    return jsonify(id=current_user.id, name=get_current_user().name)


@app.get("/maybe")
@jwt_required(optional=True)
def maybe():
    return {"name": current_user.name if current_user else None}
