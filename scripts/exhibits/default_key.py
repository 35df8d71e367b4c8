"""Tokens are signed with the key that the documentation has for an example (CVE-2023-27524 Superset and its like)."""

import jwt
from shop import AUDIENCE, HEADER, ISSUER, served, strictly


def signed_by(key):
    def issue(claims):
        return jwt.encode(claims, key, "HS256", HEADER)

    def decode(token):
        return jwt.decode(token, key, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER)

    return served(issue, strictly(decode))


app = signed_by("CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET")
