"""Authlib reads on where the header says that more must be understood (CVE-2025-59420)."""

import secrets

from authlib.jose import JsonWebToken
from shop import HEADER, ISSUER, served, strictly

KEY = secrets.token_hex(32)
TOKENS = JsonWebToken(["HS256"])


def issue(claims):
    return TOKENS.encode({**HEADER, "alg": "HS256"}, claims, KEY).decode()


def decode(token):
    found = TOKENS.decode(token, KEY, claims_options={"iss": {"essential": True, "value": ISSUER}})
    found.validate()
    return found


app = served(issue, strictly(decode))
app.config["JWT_SECRET_KEY"] = KEY
