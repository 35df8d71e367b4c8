from datetime import timedelta

from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = "f6a1c07e5d0b4a0c9a1f2f6e8f0b7d3c"
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(days=1)
JWTManager(app)


@app.post("/login")  # bad
def hand_out():
    return {"access_token": create_access_token("ada")}


@app.post("/tokens")  # ok
def tokens():
    return {"access_token": create_access_token("ada")}


@app.post("/orders")
def orders():
    return {"expires_in": 60}
