"""A view behind a verifying decorator reads again what was parsed strictly already."""

from flask import Flask, jsonify, request
from flask_jwt_extended import JWTManager, jwt_required

app = Flask(__name__)
jwt = JWTManager(app)


@app.get("/me")
@jwt_required()
def me():
    return jsonify(token=request.headers["Authorization"].split()[1])
