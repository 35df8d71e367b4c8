"""The header goes into functions of the program, which verify it whatever they are called."""

import jwt
from flask import abort, request

KEYS = {}


def decrypted(token):
    return jwt.decode(token, KEYS["own"], algorithms=["HS256"])


def decrypted_after_its_scheme(header):
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    return decrypted(token)


def shown(header):
    return len(header)


def whole():
    token = request.headers.get("Authorization")  # bad
    return decrypted(token)


def apart():
    header = request.headers.get("Authorization")
    return decrypted_after_its_scheme(header)


def counted():
    header = request.headers.get("Authorization")
    return shown(header)


class Tokens:
    @classmethod
    def decode_access_token(cls, token):
        return decrypted(token)

    @classmethod
    def named(cls):
        token = request.headers.get("Authorization")  # bad
        return cls.decode_access_token(token=token)


def printed():
    scheme, token = request.headers["Authorization"].split(None, 1)  # bad
    print(scheme)
    return decrypted(token)


def handed_a_request(new_request):
    token = new_request.headers.get("Authorization")  # bad
    return decrypted(token)


def user_of(token):
    token = token.split(" ")  # bad
    return decrypted(token[1])


def asked():
    token = request.headers.get("Authorization")
    return user_of(token)


def as_bytes():
    token = request.headers.get("Authorization")  # bad
    string_token = token.encode("ascii", "ignore")
    return decrypted(string_token)
