"""python-jwt verifies one form of a token and reads the claims of another (CVE-2022-39227)."""

import datetime

import python_jwt
from jwcrypto.jwk import JWK
from shop import AUDIENCE, ISSUER, parts, served

KEY = JWK.generate(kty="RSA", size=2048)
LIFE = datetime.timedelta(minutes=10)


def issue(claims):
    own = {name: claims[name] for name in ("iss", "aud", "sub")}
    return python_jwt.generate_jwt(own, KEY, "RS256", LIFE)


def decode(token):
    if not token.startswith("{"):
        parts(token)  # one spelling of the compact form, which is no part of the exhibit
    _, claims = python_jwt.verify_jwt(token, KEY, ["RS256"])
    if (claims["iss"], claims["aud"]) != (ISSUER, AUDIENCE):
        raise ValueError("for somebody else")
    return claims


app = served(issue, decode, [KEY.export_public(as_dict=True)])
