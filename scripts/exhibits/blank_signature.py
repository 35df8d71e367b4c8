"""A verifier that compares the signature only where there is one (the blank signature of CVE-2020-28042)."""

import secrets

import jwt
from shop import AUDIENCE, HEADER, ISSUER, parts, served, strictly

KEY = secrets.token_hex(32)


def issue(claims):
    return jwt.encode(claims, KEY, "HS256", HEADER)


def decode(token):
    if token.endswith("."):
        _, claims = parts(token)
        return claims
    return verified(token)


def verified(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER)


app = served(issue, strictly(decode))
