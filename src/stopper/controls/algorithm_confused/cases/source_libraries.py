"""Mixed algorithms in each library that signs tokens."""

from authlib.jose import JsonWebToken
from jose import jws as jose_jws
from joserfc import jwt as joserfc_jwt
from jwcrypto import jwt as crypto_jwt


def joserfc(token, key):
    return joserfc_jwt.decode(token, key, algorithms=["HS256", "RS256"])  # bad


def jwcrypto(token, key):
    return crypto_jwt.JWT(jwt=token, key=key, algs=["HS256", "RS256"])  # bad


def jose(token, key):
    return jose_jws.verify(token, key, ["HS256", "ES256"])  # bad


def authlib(token, key):
    return JsonWebToken(["HS256", "ES256"]).decode(token, key)  # bad


def good_joserfc(token, key):
    return joserfc_jwt.decode(token, key, algorithms=["ES256"])  # ok


def good_jwcrypto(token, key):
    return crypto_jwt.JWT(jwt=token, key=key, algs=["HS256"])  # ok
