import jwt
from flask import Flask
from jose import jwt as jose_jwt
from joserfc import jwt as joserfc_jwt

app = Flask(__name__)
ALGORITHMS = ["HS256", "none"]  # bad
STRICT = ["HS256"]
app.config["JWT_DECODE_ALGORITHMS"] = ["HS256", "none"]  # bad


def by_name(token, key):
    return jwt.decode(token, key, algorithms=ALGORITHMS)


def again(token, key):
    return jwt.decode(token, key, algorithms=ALGORITHMS)


def here(token, key):
    return jwt.decode(token, key, algorithms=["None"])  # bad


def jose(token, key):
    return jose_jwt.decode(token, key, ["HS256", "none"])  # bad


def joserfc(token, key):
    return joserfc_jwt.decode(token, key, algorithms=["HS256", "none"])  # bad


def sign(claims):
    return jwt.encode(claims, "", algorithm="none")  # bad


def sign_by_nothing(claims):
    return jwt.encode(claims, None, algorithm=None)  # bad


def sign_by_header(claims, key):
    return joserfc_jwt.encode({"alg": "none"}, claims, key)  # bad


def by_header(header, payload, key):
    if header["alg"].lower() == "none":  # bad
        return payload
    return jwt.decode(payload, key, algorithms=STRICT)  # ok


def refusing(header, payload, key):
    if header["alg"].lower() == "none":
        return None
    if header.get("alg") == "none":
        raise ValueError("unsigned")
    return jwt.decode(payload, key, algorithms=["HS256"])  # ok


def chosen(token, key, algorithms):
    return jwt.decode(token, key, algorithms=algorithms)


def signed(claims, key):
    return jwt.encode(claims, key, algorithm="HS256")
