"""Columns that are called token and hold the id of a JWT, which nobody can call the API with."""

from flask import Flask
from flask_jwt_extended import create_access_token, get_jti, get_jwt
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class Ended(db.Model):
    token = db.Column(db.String(255))


class Login(db.Model):
    token = db.Column(db.String(255))


class Issued(db.Model):
    token = db.Column(db.String(255))  # bad


@app.delete("/login")
def logout():
    jti = get_jwt()["jti"]
    db.session.add(Ended(token=jti))
    return {}


@app.post("/login")
def login():
    token = create_access_token(identity="a")
    db.session.add(Login(token=get_jti(token)))
    db.session.add(Issued(token=token))
    return {}
