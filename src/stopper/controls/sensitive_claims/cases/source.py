"""Claims that their readers should not see, and those that say who it is."""

import os

import jwt
from flask_jwt_extended import create_access_token

KEY = os.environ["KEY"]


def password(user):
    return jwt.encode(
        {
            "sub": user.id,
            "password": user.password,  # bad
        },
        KEY,
        algorithm="HS256",
    )


def by_variable(user):
    claims = {"sub": user.id}
    claims["password_hash"] = user.password_hash  # bad
    claims["ssn"] = user.ssn  # bad
    return jwt.encode(claims, KEY, algorithm="HS256")


def identity(user):
    return create_access_token(identity={"id": user.id, "phone_number": user.phone})  # bad


def additional(user):
    return create_access_token(user.id, additional_claims={"secret": user.secret})  # bad


def plain(user):
    return jwt.encode({"sub": user.id, "email": user.email, "role": user.role}, KEY, algorithm="HS256")  # ok


def constant(user):
    return jwt.encode({"sub": user.id, "password": True}, KEY, algorithm="HS256")  # ok


def not_signed(user):
    return {"sub": user.id, "password": user.password}


def purpose(user):
    return jwt.encode({"reset_password": user.id, "phone_verified": user.verified}, KEY, algorithm="HS256")  # ok
