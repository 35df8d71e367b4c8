"""The algorithm none in each library that signs tokens."""

import jwt
from authlib.jose import JsonWebToken
from authlib.jose import jwt as authlib_jwt
from jose import jws as jose_jws
from joserfc import jws
from jwt.api_jws import PyJWS

open_to_all = JsonWebToken(["HS256", "none"])  # bad
strict = JsonWebToken(["HS256"])


def authlib(token, key):
    return open_to_all.decode(token, key)


def authlib_here(token, key):
    return JsonWebToken(["none"]).decode(token, key)  # bad


def authlib_signs(claims):
    return authlib_jwt.encode({"alg": "none"}, claims, None)  # bad


def pyjws(token, key):
    return PyJWS().decode(token, key, algorithms=["HS256", "none"])  # bad


def joserfc(token, key):
    return jws.deserialize_compact(token, key, algorithms=["none"])  # bad


def jose(token, key):
    return jose_jws.verify(token, key, ["none"])  # bad


def good_authlib(token, key):
    return strict.decode(token, key)  # ok


def good_joserfc(token, key):
    return jws.deserialize_compact(token, key, algorithms=["ES256"])  # ok
