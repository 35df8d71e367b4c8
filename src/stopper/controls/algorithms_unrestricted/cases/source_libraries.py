"""The choice of algorithms in python-jose's JWS and in Auth0's first examples."""

from jose import jws as jose_jws
from jose import jwt as jose_jwt


def jws_from_header(token, key):
    header = jose_jws.get_unverified_header(token)
    return jose_jws.verify(token, key, algorithms=header["alg"])  # bad


def auth0_from_header(token, key):
    unverified_header = jose_jwt.get_unverified_header(token)
    return jose_jwt.decode(token, key, algorithms=[unverified_header["alg"]], audience="shop")  # bad


def auth0_named(token, key):
    return jose_jwt.decode(token, key, algorithms=["RS256"], audience="shop")  # ok
