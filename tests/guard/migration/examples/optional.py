"""A route for callers with and without a token."""

from flask import Flask, jsonify
from flask_jwt_extended import JWTManager, create_access_token, get_jwt, get_jwt_identity, jwt_required

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = "an old key of the application, long enough"
jwt = JWTManager(app)


@app.post("/login")
def login():
    return {"access_token": create_access_token("ada")}


@app.get("/maybe")
@jwt_required(optional=True)
def maybe():
    who = get_jwt_identity()
    return jsonify(who=who or "somebody", claims=bool(get_jwt()))


@app.get("/careless")
def careless():
    return {"who": get_jwt_identity()}
