"""An extension that refuses plain HTTP, and the same told not to."""

from flask import Flask
from flask_jwt_extended import JWTManager, jwt_required
from flask_talisman import Talisman

app = Flask(__name__)
jwt = JWTManager(app)
Talisman(app)  # ok
Talisman(app, force_https=False)  # bad


@app.get("/orders")
@jwt_required()
def orders():
    return []


app.run("0.0.0.0")
