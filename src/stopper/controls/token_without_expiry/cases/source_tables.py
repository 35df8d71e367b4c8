"""Tables of opaque tokens: with a column for their end, without, and of what is no table of tokens."""

from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class ApiToken(db.Model):
    token = db.Column(db.String(64))  # bad
    user_id = db.Column(db.Integer)


class AccessToken(db.Model):
    token = db.Column(db.String(64))  # ok
    expires_at = db.Column(db.DateTime)


class User(db.Model):
    api_token = db.Column(db.String(64))


def made(user, value):
    return ApiToken(token=value, user_id=user.id)
