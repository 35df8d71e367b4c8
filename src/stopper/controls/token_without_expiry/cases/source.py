import os
import time
from datetime import datetime, timedelta

import jwt
from authlib.jose import jwt as authlib_jwt
from flask import Flask
from flask_jwt_extended import create_access_token
from flask_sqlalchemy import SQLAlchemy
from itsdangerous import TimedJSONWebSignatureSerializer, URLSafeSerializer, URLSafeTimedSerializer
from joserfc import jwt as joserfc_jwt

app = Flask(__name__)
db = SQLAlchemy(app)
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = False  # bad
app.config.from_mapping(JWT_REFRESH_TOKEN_EXPIRES=False)  # bad


class Config:
    JWT_ACCESS_TOKEN_EXPIRES = False  # bad


class Bounded:
    JWT_ACCESS_TOKEN_EXPIRES = timedelta(minutes=15)


def here(user, key):
    return jwt.encode({"sub": user.id}, key, algorithm="HS256")  # bad


def by_variable(user, key):
    claims = {"sub": user.id, "iat": datetime.utcnow()}
    claims["role"] = user.role
    return jwt.encode(claims, key, algorithm="HS256")  # bad


def by_dict(user, key):
    return jwt.encode(dict(sub=user.id), key, algorithm="HS256")  # bad


def by_authlib(user, key):
    return authlib_jwt.encode({"alg": "HS256"}, {"sub": user.id}, key)  # bad


def by_joserfc(user, key):
    return joserfc_jwt.encode({"alg": "HS256"}, {"sub": user.id}, key)  # bad


def claims_of(user):
    return {"sub": user.id, "name": user.name}


def by_helper(user, key):
    return jwt.encode(claims_of(user), key, algorithm="HS256")  # bad


def some_ways(user, key, kind):
    claims = {"sub": user.id}
    if kind == "access":
        claims["exp"] = time.time() + 900
    return jwt.encode(claims, key, algorithm="HS256")  # bad


def taken_out(user, key, days):
    claims = {"sub": user.id, "exp": datetime.utcnow() + timedelta(days=1)}
    if days == -1:
        del claims["exp"]  # bad
    return jwt.encode(claims, key, algorithm="HS256")


def switched_off(user):
    return create_access_token(user.id, expires_delta=False)  # bad


def ageless(token, key):
    return URLSafeTimedSerializer(key).loads(token)  # bad


def signed_for_ever(token, key):
    return URLSafeSerializer(key, salt="login").loads(token)  # bad


def signed_with_an_end(token, key):
    held = URLSafeSerializer(key, salt="login").loads(token)
    return held if held["expires"] > time.time() else None


def unsubscribe(link, key):
    return URLSafeSerializer(key, salt="unsubscribe").loads(link)


class Device(db.Model):
    token = db.Column(db.String(64))

    def renew(self):
        self.token = os.urandom(32).hex()  # bad
        return self.token


class Session(db.Model):
    token = db.Column(db.String(64))  # ok
    token_expiration = db.Column(db.DateTime)

    def renew(self):
        self.token = os.urandom(32).hex()
        return self.token


def good(user, key):
    return jwt.encode({"sub": user.id, "exp": time.time() + 900}, key, algorithm="HS256")  # ok


def added(user, key):
    claims = {"sub": user.id}
    claims["exp"] = time.time() + 900
    return jwt.encode(claims, key, algorithm="HS256")  # ok


def updated(user, key):
    claims = {"sub": user.id}
    claims.update({"exp": time.time() + 900})
    return jwt.encode(claims, key, algorithm="HS256")  # ok


def either(user, key, delta):
    claims = {"sub": user.id}
    if delta:
        end = datetime.utcnow() + delta
    else:
        end = datetime.utcnow() + timedelta(minutes=15)
    claims.update(exp=end)
    return jwt.encode(claims, key, algorithm="HS256")  # ok


def copied(data, key):
    claims = data.copy()
    return jwt.encode(claims, key, algorithm="HS256")


def spread(data, key):
    return jwt.encode({**data, "iat": time.time()}, key, algorithm="HS256")


def as_the_caller_says(user, key, expires_delta=None):
    claims = {"sub": user.id}
    if expires_delta:
        claims["exp"] = datetime.utcnow() + expires_delta
    return jwt.encode(claims, key, algorithm="HS256")


def wrapped(row, key):
    return jwt.encode({"token": row.access_token}, key, algorithm="HS256")


def aged(token, key):
    return URLSafeTimedSerializer(key).loads(token, max_age=3600)  # ok


def carries_its_end(token, key):
    return TimedJSONWebSignatureSerializer(key).loads(token)


def default_life(user):
    return create_access_token(user.id)


def aged_by_options(token, key, reset):
    options = {"max_age": 3600} if reset else {}
    return URLSafeTimedSerializer(key).loads(token, **options)
