"""Algorithms that nobody names, or the token itself, and what only looks like it."""

import os

import jwt
from jose import jwt as jose_jwt
from jose.constants import ALGORITHMS
from jwt import PyJWKClient

KEY = os.environ["KEY"]
ALLOWED = ["ES256"]
jwks_client = PyJWKClient("https://login.test/jwks")


def nobody(token):
    return jwt.decode(token, KEY)  # bad


def old(token):
    return jwt.decode(token, KEY, True)  # bad


def nobody_in_jose(token):
    return jose_jwt.decode(token, KEY, audience="shop")  # bad


def nothing(token):
    return jose_jwt.decode(token, KEY, algorithms=None)  # bad


def every(token):
    return jose_jwt.decode(token, KEY, algorithms=ALGORITHMS.SUPPORTED)  # bad


def header(token):
    return jwt.decode(token, KEY, algorithms=[jwt.get_unverified_header(token)["alg"]])  # bad


def header_variable(token):
    header_data = read_header(token)
    algo = header_data["alg"]
    return jwt.decode(token, KEY, algorithms=[algo])  # bad


def header_by_get(token):
    unverified_header = jwt.get_unverified_header(token)
    return jwt.decode(token, KEY, algorithms=unverified_header.get("alg"))  # bad


def named(token):
    return jwt.decode(token, KEY, algorithms=["HS256"])  # ok


def named_by_constant(token):
    return jwt.decode(token, KEY, ALLOWED)  # ok


def configured(token, settings):
    return jwt.decode(token, KEY, algorithms=[settings.algorithm])


def spread(token, options):
    return jwt.decode(token, KEY, **options)


def header_checked(token):
    alg = jwt.get_unverified_header(token)["alg"]
    if alg not in ALLOWED:
        raise ValueError("algorithm")
    return jwt.decode(token, KEY, algorithms=[alg])


def of_the_key(token, keys):
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key["pem"], algorithms=[key["alg"]])


def by_pyjwk(token):
    signing_key = jwks_client.get_signing_key_from_jwt(token)
    return jwt.decode(token, signing_key)


def unverified(token):
    return jwt.decode(token, options={"verify_signature": False})


def read_header(_):
    return {}


def other_library(codec, data):
    return codec.decode(data, KEY)
