"""A login and a protected route."""

from flask import Flask, jsonify, request
from flask_jwt_extended import JWTManager, create_access_token, get_jwt_identity, jwt_required

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = "an old key of the application, long enough"
jwt = JWTManager(app)


@app.route("/login", methods=["POST"])
def login():
    if request.json.get("password") != "pencil":
        return jsonify({"msg": "Wrong name or password"}), 401
    return jsonify(access_token=create_access_token(identity=request.json["name"]))


@app.route("/protected")
@jwt_required()
def protected():
    return jsonify(hello=get_jwt_identity())


@app.route("/open")
def open_route():
    return "open"
