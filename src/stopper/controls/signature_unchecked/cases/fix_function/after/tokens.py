"""Signs and verifies the shop's tokens."""

import os

from joserfc import jwt
from joserfc.jwk import OctKey

KEY = OctKey.import_key(os.environ["SIGNING_KEY"])
CLAIMS = jwt.JWTClaimsRegistry(exp={"essential": True})


def issue(subject):
    return jwt.encode({"alg": "HS256"}, {"sub": subject}, KEY)


def verify(token):
    claims = jwt.decode(token, KEY, algorithms=["HS256"]).claims
    CLAIMS.validate(claims)
    return claims


def verify_or_none(token):
    try:
        return jwt.decode(token, KEY, algorithms=["HS256"]).claims
    except ValueError:
        return None


def verify_of(token, issuer):
    claims = jwt.decode(token, KEY, algorithms=["HS256"]).claims
    return claims
