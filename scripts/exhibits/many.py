"""An API with as many operations as `EXHIBIT_OPERATIONS` says, all behind one decoder: what does a scan cost it?"""

import os
import secrets

import jwt
from flask import abort, request
from shop import AUDIENCE, HEADER, ISSUER, served, strictly

KEY = secrets.token_hex(32)


def issue(claims):
    return jwt.encode(claims, KEY, "HS256", HEADER)


@strictly
def decode(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER)


def thing(number):
    if number >= int(os.environ["EXHIBIT_OPERATIONS"]):
        abort(404)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        return {"number": number, "for": decode(token)["sub"]} if scheme.lower() == "bearer" else abort(401)
    except (jwt.InvalidTokenError, ValueError):
        abort(401)


app = served(issue, decode)
app.get("/things/<int:number>")(thing)
