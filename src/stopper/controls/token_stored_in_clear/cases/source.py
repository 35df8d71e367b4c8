import hashlib
import json
import secrets

import redis
import sqlalchemy as sa
from flask import Flask, session
from flask_jwt_extended import create_access_token
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import FlaskForm
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy_utils import EncryptedType
from wtforms import StringField

app = Flask(__name__)
db = SQLAlchemy(app)
cache = redis.Redis()


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    token = db.Column(db.String(32), index=True, unique=True)  # bad
    token_expiration = db.Column(db.DateTime)


class Pair(db.Model):
    access_token: Mapped[str] = mapped_column(sa.String(64))  # bad
    refresh_token: Mapped[str]  # bad


class ApiKey(db.Model):
    value = db.Column(db.String(128), unique=True)  # bad


class Sealed(db.Model):
    auth_token = db.Column(EncryptedType(db.String))  # ok


class Device(db.Model):
    session_token = db.Column(db.String(64))  # ok
    token_type = db.Column(db.String(10))
    token_hash = db.Column(db.String(64))
    csrf_token = db.Column(db.String(64))

    def renew(self):
        raw = secrets.token_urlsafe(32)
        self.session_token = hashlib.sha256(raw.encode()).hexdigest()
        return raw


class RevokedToken(db.Model):
    token = db.Column(db.String(500))


class ResetForm(FlaskForm):
    token = StringField("Token")


def insert(connection, user):
    token = secrets.token_urlsafe(32)
    connection.execute("INSERT INTO tokens VALUES (?, ?)", (token, user))  # bad
    return token


def formatted(connection, name, api_key):
    query = f"UPDATE users SET api_key = '{api_key}' WHERE name = '{name}'"
    connection.execute(query)  # bad


def in_session(user):
    session["jwt"] = create_access_token(user.id)  # bad


def in_cache(user, access_token):
    cache.setex(f"user:{user}", 3600, access_token)  # bad
    cache.setex(f"revoked:{user}", 3600, access_token)


def in_file(user):
    token = create_access_token(user)
    with open("tokens.json", "w") as file:
        json.dump({"user": user, "token": token}, file)  # bad


def keep(record):
    with open("tokens.txt", "a") as file:
        file.write(str(record))


def through_helper(user):
    keep({"user": user, "token": create_access_token(user)})  # bad


def document(users, user):
    users.update_one({"_id": user}, {"$set": {"access_token": create_access_token(user)}})  # bad


def digested(connection, user, token):
    digest = hashlib.sha256(token.encode()).hexdigest()
    connection.execute("INSERT INTO tokens VALUES (?, ?)", (digest, user))  # ok


def looked_up(connection, token):
    return connection.execute("SELECT owner FROM tokens WHERE token = ?", (token,)).fetchone()


def seen(connection, token):
    connection.execute("UPDATE tokens SET seen = 1 WHERE token = ?", (token,))


def state():
    session["oauth_state"] = secrets.token_urlsafe(16)


def identified(token):
    session["token_id"] = token.id


class Invited(db.Model):
    verification_token = db.Column(db.String(64))  # bad

    def invite(self):
        drawn = secrets.token_bytes(32)
        self.verification_token = hashlib.sha256(drawn).hexdigest()
