"""The guard behind the names of another library."""

from flask import Flask, jsonify
from stopper.guard.compat.flask_jwt_extended import JWTManager, create_access_token

app = Flask(__name__)
jwt = JWTManager(app)


@app.post("/login")
def login():
    return jsonify(access_token=create_access_token("ada"))  # ok
