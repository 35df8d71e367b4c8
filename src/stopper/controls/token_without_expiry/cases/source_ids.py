"""Models that keep a token, or only the id of a JWT, which ends by itself."""

from flask_jwt_extended import get_jti
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Login(db.Model):
    token = db.Column(db.String(255))

    def __init__(self, token):
        self.token = token


class Grant(db.Model):
    token = db.Column(db.String(255))

    def __init__(self, token):
        self.token = token  # bad


def remember(raw):
    db.session.add(Login(token=get_jti(raw)))
    db.session.add(Grant(token=raw))
