from flask import Flask, jsonify, request
from flask_jwt_extended import create_access_token
from flask_limiter import Limiter
from werkzeug.security import check_password_hash

app = Flask(__name__)
limiter = Limiter(app)


@app.post("/login")  # ok
@limiter.limit("5 per minute")
def login():
    user = app.users[request.json["name"]]
    if not check_password_hash(user.password_hash, request.json["password"]):
        return {}, 401
    return jsonify(access_token=create_access_token(user.id))


@app.post("/other")
def other():
    user = app.users[request.json["name"]]
    if not check_password_hash(user.password_hash, request.json["password"]):
        return {}, 401
    return jsonify(access_token=create_access_token(user.id))
