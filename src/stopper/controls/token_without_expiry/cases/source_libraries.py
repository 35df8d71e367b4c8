"""Claims without an end in each library that signs tokens."""

from authlib.jose import JsonWebToken
from jose import jws as jose_jws
from jose import jwt as jose_jwt
from joserfc import jwt as joserfc_jwt
from jwcrypto import jwt as crypto_jwt


def jose(user, key):
    return jose_jwt.encode({"sub": user.id}, key, algorithm="HS256")  # bad


def jose_signs(user, key):
    return jose_jws.sign({"sub": user.id}, key, algorithm="HS256")  # bad


def authlib(user, key):
    return JsonWebToken(["HS256"]).encode({"alg": "HS256"}, {"sub": user.id}, key)  # bad


def jwcrypto(user, key):
    token = crypto_jwt.JWT(header={"alg": "HS256"}, claims={"sub": user.id})  # bad
    token.make_signed_token(key)
    return token.serialize()


def good_jwcrypto(user, key, end):
    token = crypto_jwt.JWT({"alg": "HS256"}, {"sub": user.id, "exp": end})  # ok
    token.make_signed_token(key)
    return token.serialize()


def good_joserfc(user, key, end):
    return joserfc_jwt.encode({"alg": "HS256"}, {"sub": user.id, "exp": end}, key)  # ok
