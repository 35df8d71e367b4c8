from flask import Flask
from flask_jwt_extended import JWTManager, jwt_required

app = Flask(__name__)
JWTManager(app)


@app.get("/orders")  # ok
@jwt_required()
def orders():
    return {}


@app.get("/me")  # ok
@jwt_required()
def me():
    return {}


@app.get("/invoices")  # bad
def invoices():
    return {}


@app.get("/basket")  # bad
@jwt_required(optional=True)
def basket():
    return {}


@jwt_required()
@app.get("/returns")  # bad
def returns():
    return {}


@app.get("/status")
def status():
    return {}


@app.get("/stock")  # bad
@jwt_required()
def stock():
    return {}


@app.get("/mixed")
@jwt_required(optional=True)
def mixed():
    return {}
