"""Tokens that never expire."""

import os
import time

import jwt
from flask import Flask
from flask_jwt_extended import create_access_token
from itsdangerous import URLSafeTimedSerializer

app = Flask(__name__)
KEY = os.environ["JWT_KEY"]
serializer = URLSafeTimedSerializer(KEY)
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = 3600  # for the tills


def inline(user):
    return jwt.encode({"exp": int(time.time()) + 3600, "sub": user.id}, KEY, algorithm="HS256")


def in_a_variable(user):
    claims = {
        "exp": int(time.time()) + 3600,
        "sub": user.id,  # whose it is
        "aud": "shop",
    }
    return jwt.encode(claims, KEY, algorithm="HS256")


def switched_off(user):
    return create_access_token(identity=user.id)


def of_any_age(token):
    return serializer.loads(token, max_age=3600)
