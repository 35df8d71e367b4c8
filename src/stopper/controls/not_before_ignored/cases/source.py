"""Checks of `nbf` that are switched off or stretched, and those that hold."""

import os
from datetime import timedelta

import jwt
from authlib.jose import jwt as authlib_jwt
from flask import Flask
from jose import jwt as jose_jwt
from joserfc.jwt import JWTClaimsRegistry

app = Flask(__name__)
KEY = os.environ["KEY"]
FIVE_MINUTES = 300
app.config["JWT_DECODE_LEEWAY"] = 600  # bad
app.config["JWT_DECODE_LEEWAY"] = 30  # ok
registry = JWTClaimsRegistry(leeway=600)  # bad


def off(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], options={"verify_nbf": False})  # bad


def off_in_a_variable(token):
    options = {"verify_nbf": False}  # bad
    return jose_jwt.decode(token, KEY, algorithms=["HS256"], options=options)


def off_in_another_module(token, decoder):
    return decoder.decode_user_jwt(token, options={"verify_nbf": False})  # bad


def off_by_member(token):
    options = dict(verify_nbf=False)  # bad
    options["verify_nbf"] = False  # bad
    return jwt.decode(token, KEY, algorithms=["HS256"], options=options)


def stretched(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], leeway=600)  # bad


def stretched_by_name(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], leeway=FIVE_MINUTES)  # bad


def stretched_by_delta(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], leeway=timedelta(minutes=10))  # bad


def stretched_afterwards(token):
    claims = authlib_jwt.decode(token, KEY)
    claims.validate(leeway=600)  # bad
    return claims


def a_second_lifetime(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], leeway=86400)


def plain(token):
    return jwt.decode(token, KEY, algorithms=["HS256"])  # ok


def other_options(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], options={"require": ["exp"]})  # ok


def for_clocks(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], leeway=120)  # ok


def configured(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], leeway=app.config["LEEWAY"])


def read_only(token):
    return jwt.decode(token, options={"verify_signature": False, "verify_nbf": False})


def revoke(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], options={"verify_exp": False, "verify_nbf": False})
