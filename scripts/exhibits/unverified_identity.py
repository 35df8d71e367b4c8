"""Tokens of the identity provider are read and not verified (Flask-AppBuilder 2476, 2477)."""

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from shop import AUDIENCE, HEADER, ISSUER, rsa_jwk, served, strictly

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def issue(claims):
    return jwt.encode(claims, KEY, "RS256", HEADER)


def decode(token):
    return jwt.decode(token, options={"verify_signature": False})


def verified(token):
    return jwt.decode(token, KEY.public_key(), algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)


app = served(issue, strictly(decode), [rsa_jwk(KEY.public_key())])
