from datetime import timedelta

import jwt
from authlib.jose import jwt as authlib_jwt
from flask import Flask
from flask_jwt_extended import decode_token
from jose import jwt as jose_jwt
from joserfc import jwt as joserfc_jwt

app = Flask(__name__)
app.config["JWT_DECODE_LEEWAY"] = 86400  # bad
REGISTRY = joserfc_jwt.JWTClaimsRegistry(exp={"essential": True})


def off(token, key):
    return jwt.decode(token, key, algorithms=["HS256"], options={"verify_exp": False})  # bad


def off_by_variable(token, key):
    options = {"verify_aud": True}
    options["verify_exp"] = False
    return jwt.decode(token, key, algorithms=["HS256"], options=options)  # bad


def jose_off(token, key):
    return jose_jwt.decode(token, key, algorithms=["HS256"], options={"verify_exp": False})  # bad


def extended(token):
    return decode_token(token, allow_expired=True)  # bad


def stretched(token, key):
    return jwt.decode(token, key, algorithms=["HS256"], leeway=timedelta(days=1))  # bad


def authlib_unvalidated(token, key):
    claims = authlib_jwt.decode(token, key)  # bad
    return claims["sub"]


def joserfc_unvalidated(token, key):
    claims = joserfc_jwt.decode(token, key, algorithms=["HS256"]).claims  # bad
    return claims


def on(token, key):
    return jwt.decode(token, key, algorithms=["HS256"])  # ok


def tolerant(token, key):
    return jwt.decode(token, key, algorithms=["HS256"], leeway=10)  # ok


def authlib_validated(token, key):
    claims = authlib_jwt.decode(token, key)  # ok
    claims.validate()
    return claims


def joserfc_validated(token, key):
    decoded = joserfc_jwt.decode(token, key, algorithms=["HS256"])  # ok
    REGISTRY.validate(decoded.claims)
    return decoded.claims


def handed_on(token, key):
    return authlib_jwt.decode(token, key)


def as_the_caller_says(token, key, allow_expired):
    options = {}
    if allow_expired:
        options["verify_exp"] = False
    return jwt.decode(token, key, algorithms=["HS256"], options=options)


def revoke(token, key):
    return jwt.decode(token, key, algorithms=["HS256"], options={"verify_exp": False})["jti"]


class LooksItself:
    def extract(self, token):
        claims = jwt.decode(token, KEY, algorithms=["HS256"], options={"verify_exp": False})  # ok
        self._validate(claims)
        return claims

    def _validate(self, claims):
        if "sub" not in claims or claims["exp"] < time.time():
            raise ValueError("expired")


class LooksWhetherThereIsOne:
    def extract(self, token):
        claims = jwt.decode(token, KEY, algorithms=["HS256"], options={"verify_exp": False})  # bad
        self._validate(claims)
        return claims

    def _validate(self, claims):
        if "exp" not in claims:
            raise ValueError("no end")
