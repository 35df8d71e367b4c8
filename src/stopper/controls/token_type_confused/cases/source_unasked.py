"""Both tokens made at one login, told apart by a claim that nobody asks for."""

import os

import jwt
from flask import Flask, request

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]


@app.post("/login")
def login():
    user = check(request.get_json())
    access = jwt.encode({"sub": user, "kind": "access"}, app.config["SECRET_KEY"], algorithm="HS256")
    refresh = jwt.encode({"sub": user, "kind": "refresh"}, app.config["SECRET_KEY"], algorithm="HS256")  # bad
    return {"access_token": access, "refresh_token": refresh}


def verified(token):
    return jwt.decode(token, app.config["SECRET_KEY"], algorithms=["HS256"])
