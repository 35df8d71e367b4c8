"""The expiry in each library that signs tokens."""

from datetime import timedelta

from authlib.jose import JsonWebToken
from flask import Flask
from jose import jwt as jose_jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwt import JWTClaimsRegistry
from jwcrypto import jwt as crypto_jwt

app = Flask(__name__)
app.config["JWT_VERIFY_EXPIRATION"] = False  # bad
app.config["JWT_LEEWAY"] = 7200  # bad
app.config["JWT_VERIFY_CLAIMS"] = ["signature", "iat"]  # bad
strict = JsonWebToken(["HS256"])


class Config:
    JWT_LEEWAY = timedelta(seconds=10)
    JWT_VERIFY_CLAIMS = ["signature", "exp", "iat"]


def jose_off(token, key):
    options = {"verify_aud": True}
    options["verify_exp"] = False
    return jose_jwt.decode(token, key, algorithms=["HS256"], options=options)  # bad


def authlib_unvalidated(token, key):
    claims = strict.decode(token, key)  # bad
    return claims["sub"]


def authlib_validated(token, key):
    claims = strict.decode(token, key)  # ok
    claims.validate(leeway=5)
    return claims["sub"]


def joserfc_validated(token, key):
    decoded = joserfc_jwt.decode(token, key, algorithms=["HS256"])  # ok
    JWTClaimsRegistry(exp={"essential": True}).validate(decoded.claims)
    return decoded.claims["sub"]


def jwcrypto_validates(token, key):
    return crypto_jwt.JWT(jwt=token, key=key).claims  # ok
