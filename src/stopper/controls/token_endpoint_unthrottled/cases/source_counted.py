from flask import Flask, abort, jsonify, request
from flask_jwt_extended import create_access_token
from werkzeug.security import check_password_hash

app = Flask(__name__)


@app.post("/login")
def login():
    user = app.users[request.json["name"]]
    if user.failed_attempts > 5:
        abort(403)
    if not check_password_hash(user.password_hash, request.json["password"]):
        user.failed_attempts += 1
        return {}, 401
    return jsonify(access_token=create_access_token(user.id))
