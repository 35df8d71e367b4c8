"""Tokens of two kinds, told apart and not."""

import os
from datetime import datetime, timedelta

import jwt
from flask import Flask
from flask_jwt_extended import get_jwt, jwt_required, verify_jwt_in_request

app = Flask(__name__)
KEY = os.environ["KEY"]
REFRESH_KEY = os.environ["REFRESH_KEY"]


@app.get("/orders")
@jwt_required(verify_type=False)  # bad
def orders():
    return {}


@app.get("/invoices")
def invoices():
    verify_jwt_in_request(verify_type=False)  # bad
    return {}


@app.delete("/logout")
@jwt_required(verify_type=False)
def logout():
    return {}


@app.delete("/session/revoke")
@jwt_required(verify_type=False)
def end():
    return {}


@app.delete("/token")
@jwt_required(verify_type=False)
def modify_token():
    db.ended.put(get_jwt()["jti"])
    return {}


@app.get("/stock")
@jwt_required()
def stock():
    return {}


def access_token(user):
    return jwt.encode({"sub": user.id, "exp": datetime.utcnow() + timedelta(minutes=5)}, KEY, algorithm="HS256")


def refresh_token(user):
    claims = {"sub": user.id, "exp": datetime.utcnow() + timedelta(days=30)}
    return jwt.encode(claims, KEY, algorithm="HS256")  # bad


def refresh_token_with_a_key_of_its_own(user):
    claims = {"sub": user.id, "exp": datetime.utcnow() + timedelta(days=30)}
    return jwt.encode(claims, REFRESH_KEY, algorithm="HS256")


def reset_token(user):
    return jwt.encode({"sub": user.id, "purpose": "reset"}, KEY, algorithm="HS256")  # bad


def confirmation_token(user):
    return jwt.encode({"confirm": user.id}, KEY, algorithm="HS256")  # ok


def invitation_token(user, more):
    return jwt.encode({"sub": user.id, **more}, KEY, algorithm="HS256")


def verified(token):
    return jwt.decode(token, KEY, algorithms=["HS256"])


def refreshed(token):
    return access_token(jwt.decode(token, REFRESH_KEY, algorithms=["HS256"])["sub"])


def confirmed(token):
    return jwt.decode(token, KEY, algorithms=["HS256"])["confirm"]
