"""PyJWT reads on where the header says that more must be understood (CVE-2026-32597)."""

import secrets

import jwt
from shop import AUDIENCE, HEADER, ISSUER, served, strictly

KEY = secrets.token_hex(32)


def issue(claims):
    return jwt.encode(claims, KEY, "HS256", HEADER)


def decode(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER)


app = served(issue, strictly(decode))
app.config["JWT_SECRET_KEY"] = KEY
