"""Both tokens made at one login, told apart by a claim that is asked for."""

import os

import jwt
from flask import Flask, abort, request

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]


@app.post("/login")
def login():
    user = check(request.get_json())
    key = app.config["SECRET_KEY"]
    access = jwt.encode({"sub": user, "type": "access"}, key, algorithm="HS256")
    refresh = jwt.encode({"sub": user, "type": "refresh"}, key, algorithm="HS256")  # ok
    return {"access_token": access, "refresh_token": refresh}


def verified(token):
    key = app.config["SECRET_KEY"]
    claims = jwt.decode(token, key, algorithms=["HS256"])
    if claims["type"] != "access":
        abort(401)
    return claims
