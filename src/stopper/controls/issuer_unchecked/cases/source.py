"""Verifications that ask for no issuer although one is expected, and those that need none or ask by hand."""

import os

import jwt
from jose import jwt as jose_jwt
from jwt import PyJWKClient

KEY = os.environ["KEY"]
LENIENT = {"verify_iss": False}
jwks_client = PyJWKClient("https://login.test/jwks")


def off(token):
    return jwt.decode(token, KEY, algorithms=["RS256"], options={"verify_iss": False})  # bad


def off_by_constant(token):
    return jose_jwt.decode(token, KEY, algorithms=["RS256"], options=LENIENT)  # bad


def off_although_given(token):
    return jwt.decode(token, KEY, ["RS256"], issuer="https://login.test", options={"verify_iss": False})  # bad


def never_asked(token):
    key = jwks_client.get_signing_key_from_jwt(token).key
    return jwt.decode(token, key, algorithms=["RS256"], audience="shop")  # bad


def off_for_own_key(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], options={"verify_iss": False})  # bad


def other_options(token):
    key = jwks_client.get_signing_key_from_jwt(token).key
    options = {"require": ["exp", "iss"]}
    return jwt.decode(token, key, algorithms=["RS256"], audience="shop", options=options)  # bad


def asked(token):
    key = jwks_client.get_signing_key_from_jwt(token).key
    return jwt.decode(token, key, algorithms=["RS256"], issuer="https://login.test")  # ok


def own_key(token):
    return jwt.decode(token, KEY, algorithms=["HS256"])


def by_hand(token):
    claims = jwt.decode(token, KEY, algorithms=["RS256"], options={"verify_iss": False})
    if claims["iss"] != "https://login.test":
        raise jwt.InvalidIssuerError
    return claims


def of_tenant(token):
    claims = jwt.decode(token, KEY, algorithms=["RS256"])
    if claims.get("tid") != "shop":
        raise jwt.InvalidIssuerError
    return claims


def handed_on(token):
    return jwt.decode(token, KEY, algorithms=["RS256"], options={"verify_iss": False})


def caller(token):
    claims = handed_on(token)
    if claims["iss"] != "shop":
        raise jwt.InvalidIssuerError
    return claims


def spread(token, options):
    return jwt.decode(token, KEY, algorithms=["RS256"], **options)


def as_configured(token, issuer):
    return jwt.decode(token, KEY, algorithms=["RS256"], options={"verify_iss": issuer is not None})


def unverified(token):
    return jwt.decode(token, options={"verify_signature": False, "verify_iss": False})
