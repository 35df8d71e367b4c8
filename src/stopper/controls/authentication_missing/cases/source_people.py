"""Data of one person, in an application where little is guarded; doors that are open by their name."""

from flask import Flask, g, jsonify, request
from flask_jwt_extended import JWTManager, jwt_required

app = Flask(__name__)
jwt = JWTManager(app)


@app.before_request
def load_user():
    g.user = request.headers.get("Authorization")


@app.get("/api/company/list")  # ok
@jwt_required()
def companies():
    return jsonify([])


@app.get("/api/me")  # ok
@jwt_required()
def me():
    return jsonify({})


@app.get("/api/user/get_by_id/<int:number>")  # bad
def user_by_id(number):
    return jsonify(number=number)


@app.put("/api/user/update/<int:number>")  # bad
def update_user(number):
    return jsonify(number=number)


@app.get("/api/project/<int:number>")
def project(number):
    return jsonify(number=number)


@app.post("/api/users/open")
def open_account():
    return jsonify({}), 201
