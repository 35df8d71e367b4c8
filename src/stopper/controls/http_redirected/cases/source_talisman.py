"""Extensions that redirect, and one told not to."""

from flask import Flask, jsonify
from flask_jwt_extended import jwt_required
from flask_sslify import SSLify
from flask_talisman import Talisman

app = Flask(__name__)
Talisman(app)  # bad
Talisman(app, force_https=False)
sslify = SSLify()
sslify.init_app(app)  # bad


@app.get("/me")
@jwt_required()
def me():
    return jsonify({})
