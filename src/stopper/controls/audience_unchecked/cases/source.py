"""Verifications that ask for no audience although one is expected, and those that need none or ask by hand."""

import os

import jwt
from jose import jwt as jose_jwt
from jwt import PyJWKClient

KEY = os.environ["KEY"]
LENIENT = {"verify_aud": False}
jwks_client = PyJWKClient("https://login.test/jwks")


def off(token):
    return jwt.decode(token, KEY, algorithms=["RS256"], options={"verify_aud": False})  # bad


def off_by_constant(token):
    return jose_jwt.decode(token, KEY, algorithms=["RS256"], options=LENIENT)  # bad


def off_although_given(token):
    return jwt.decode(token, KEY, ["RS256"], audience="shop", options={"verify_aud": False})  # bad


def never_asked(token):
    key = jwks_client.get_signing_key_from_jwt(token).key
    return jwt.decode(token, key, algorithms=["RS256"], issuer="https://login.test")  # bad


def off_for_own_key(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], options={"verify_aud": False})  # bad


def other_options(token):
    key = jwks_client.get_signing_key_from_jwt(token).key
    options = {"require": ["exp", "aud"]}
    return jwt.decode(token, key, algorithms=["RS256"], issuer="shop", options=options)  # bad


def asked(token):
    key = jwks_client.get_signing_key_from_jwt(token).key
    return jwt.decode(token, key, algorithms=["RS256"], audience="shop")  # ok


def own_key(token):
    return jwt.decode(token, KEY, algorithms=["HS256"])


def by_hand(token):
    claims = jwt.decode(token, KEY, algorithms=["RS256"], options={"verify_aud": False})
    if "shop" not in claims["aud"]:
        raise jwt.InvalidAudienceError
    return claims


def of_cognito(token):
    claims = jwt.decode(token, KEY, algorithms=["RS256"])
    if claims.get("client_id") != "shop":
        raise jwt.InvalidAudienceError
    return claims


def handed_on(token):
    return jwt.decode(token, KEY, algorithms=["RS256"], options={"verify_aud": False})


def caller(token):
    claims = handed_on(token)
    if claims["aud"] != "shop":
        raise jwt.InvalidAudienceError
    return claims


def spread(token, options):
    return jwt.decode(token, KEY, algorithms=["RS256"], **options)


def as_configured(token, audience):
    return jwt.decode(token, KEY, algorithms=["RS256"], options={"verify_aud": audience is not None})


def unverified(token):
    return jwt.decode(token, options={"verify_signature": False, "verify_aud": False})
