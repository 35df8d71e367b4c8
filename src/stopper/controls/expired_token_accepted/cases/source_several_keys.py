"""Several keys are tried first, and the token is verified with the one that fits: or it is not."""

import jwt

KEYS = []


def fitting(token):
    for key in KEYS:
        try:
            jwt.decode(token, key, algorithms=["RS256"], options={"verify_exp": False})
            return key
        except jwt.PyJWTError:
            continue
    return None


def verified(token):
    key = fitting(token)
    return jwt.decode(token, key, algorithms=["RS256"], audience="shop", issuer="https://issuer.test")  # ok


def accepted(token):
    for key in KEYS:
        try:
            return jwt.decode(token, key, algorithms=["RS256"], options={"verify_exp": False})  # bad
        except jwt.PyJWTError:
            continue
    return None
