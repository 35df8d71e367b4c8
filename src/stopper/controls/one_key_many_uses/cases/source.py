import os

import jwt
from flask import Flask
from itsdangerous import TimedJSONWebSignatureSerializer, URLSafeTimedSerializer

SIGNER = os.environ["SIGNER"]
OTHER = os.environ["OTHER"]
THIRD = os.environ["THIRD"]


def create_app():
    app = Flask(__name__)
    app.config["SECRET_KEY"] = os.environ["SHOP_KEY"]  # ok
    app.config["JWT_SECRET_KEY"] = app.config["SECRET_KEY"]  # bad
    return app


def create_from_one_variable():
    app = Flask(__name__)
    app.secret_key = os.environ["SHOP_KEY"]
    app.config.update(JWT_SECRET_KEY=os.environ["SHOP_KEY"])  # bad
    return app


class Config:
    SECRET_KEY = os.environ["SHOP_KEY"]
    JWT_SECRET_KEY = os.environ.get("JWT_SECRET_KEY") or SECRET_KEY  # bad
    WTF_CSRF_SECRET_KEY = SECRET_KEY  # bad


class Fallback:
    SECRET_KEY = os.getenv("SECRET_KEY", "")
    JWT_SECRET_KEY = os.getenv("SECRET_KEY", SECRET_KEY)  # bad


class Literal:
    SECRET_KEY = "orchard"
    JWT_SECRET_KEY = "orchard"  # bad


class Apart:
    SECRET_KEY = os.environ["SHOP_KEY"]  # ok
    JWT_SECRET_KEY = os.environ["JWT_KEY"]  # ok


class Other:
    JWT_SECRET_KEY = os.environ["SHOP_KEY"]


class Empty:
    SECRET_KEY = ""
    JWT_SECRET_KEY = ""


def alias(app):
    secret = app.config["SECRET_KEY"]
    return secret


def sign(claims):
    return jwt.encode(claims, SIGNER, algorithm="HS256")  # ok


def sign_longer(claims):
    return jwt.encode(claims, SIGNER, algorithm="HS512")  # bad


def verify(token):
    return jwt.decode(token, OTHER, algorithms=["HS256", "HS512"])  # bad


def verify_one(token):
    return jwt.decode(token, THIRD, algorithms=["HS256"])  # ok


def verify_published(token, key):
    return jwt.decode(token, key, algorithms=["RS256", "RS512"])


def confirmation_token(app, user):
    serializer = URLSafeTimedSerializer(app.config["SECRET_KEY"])
    return serializer.dumps(user.id)  # bad


def reset_token(app, user):
    serializer = URLSafeTimedSerializer(app.config["SECRET_KEY"])
    return serializer.dumps(user.id)  # bad


def salted_token(app, user):
    serializer = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="unsubscribe")
    return serializer.dumps(user.id)  # ok


def salted_at_last(app, user):
    serializer = URLSafeTimedSerializer(app.config["SECRET_KEY"])
    return serializer.dumps(user.id, salt="share")  # ok


def told_apart(app, user):
    serializer = TimedJSONWebSignatureSerializer(app.config["SECRET_KEY"], 3600)
    return serializer.dumps({"confirm": user.id})  # ok


def told_apart_too(app, user):
    serializer = TimedJSONWebSignatureSerializer(app.config["SECRET_KEY"], 3600)
    return serializer.dumps({"reset": user.id})  # ok


def by_purpose(app, user):
    serializer = URLSafeTimedSerializer(app.config["SECRET_KEY"])
    return serializer.dumps({"user": user.id, "for": "invite"})  # ok


def by_other_purpose(app, user):
    serializer = URLSafeTimedSerializer(app.config["SECRET_KEY"])
    return serializer.dumps({"user": user.id, "for": "login"})  # ok
