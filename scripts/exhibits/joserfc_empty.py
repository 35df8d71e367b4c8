"""joserfc verifies by an empty key where none was found for the token (CVE-2026-49852)."""

import secrets

from joserfc import jwt
from joserfc.jwk import OctKey
from shop import HEADER, ISSUER, parts, served, strictly

KEYS = {"one": secrets.token_hex(32)}
RULES = jwt.JWTClaimsRegistry(iss={"essential": True, "value": ISSUER})


def issue(claims):
    return jwt.encode({**HEADER, "alg": "HS256", "kid": "one"}, dict(claims), OctKey.import_key(KEYS["one"]))


def decode(token):
    header, _ = parts(token)
    found = jwt.decode(token, OctKey.import_key(KEYS.get(header.get("kid"), "")), algorithms=["HS256"])
    RULES.validate(found.claims)
    return found.claims


app = served(issue, strictly(decode))
