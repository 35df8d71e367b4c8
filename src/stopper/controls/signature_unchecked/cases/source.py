import base64
import json
import logging

import jwt
from authlib.jose import jwt as authlib_jwt
from flask import g, request
from jose import jwt as jose_jwt
from joserfc import jws
from jwt import decode

log = logging.getLogger(__name__)
UNVERIFIED = {"verify_signature": False}


def user(token):
    return jwt.decode(token, options={"verify_signature": False})["sub"]  # bad


def old_user(token):
    claims = jwt.decode(token, verify=False)  # bad
    return claims["sub"]


def older_user(token, key):
    claims = jwt.decode(token, key, False)  # bad
    g.user = claims["sub"]


def identity(token):
    return decode(token, options={"verify_signature": False, "verify_exp": False}).get("identity")  # bad


def by_constant(token):
    return jwt.decode(token, options=UNVERIFIED)  # bad


def by_variable(token):
    options = {}
    options["verify_signature"] = False
    g.claims = jwt.decode(token, options=options)  # bad


def jose_user(token):
    return jose_jwt.get_unverified_claims(token)["sub"]  # bad


def joserfc_user(token):
    claims = json.loads(jws.extract_compact(token.encode()).payload)  # bad
    return {"sub": claims["sub"]}


def by_hand(token):
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))  # bad
    return claims["role"]


def verify(token):
    decoded = jwt.decode(token, verify=False)  # bad
    print(decoded)
    return True


def fallback(token, key):
    try:
        return jwt.decode(token, key, algorithms=["HS256"])  # ok
    except jwt.InvalidSignatureError:
        return jwt.decode(token, options={"verify_signature": False})  # bad


def good(token, key):
    return jwt.decode(token, key, algorithms=["HS256"])  # ok


def also_good(token, key):
    claims = authlib_jwt.decode(token, key)  # ok
    claims.validate()
    return claims


def read_then_verify(token, keys):
    unverified = jwt.decode(token, options={"verify_signature": False})
    key = keys[unverified["tenant"]]
    return jwt.decode(token, key, algorithms=["ES256"])  # ok


def key_by_header(token, keys):
    header = jwt.get_unverified_header(token)
    return jwt.decode(token, keys[header["kid"]], algorithms=["ES256"])  # ok


def issuer(token):
    decoded = jwt.decode(token, options={"verify_signature": False})
    return decoded.get("iss")


def explained(token, key):
    try:
        return jwt.decode(token, key, algorithms=["HS256"])  # ok
    except jwt.InvalidTokenError:
        log.info("refused %s", jwt.decode(token, options={"verify_signature": False}))
        raise


def peek(token):
    return jwt.decode(token, options={"verify_signature": False})


def checked(token, keys):
    claims = peek(token)
    return jwt.decode(token, keys[claims["tenant"]], algorithms=["ES256"])  # ok


def other_option(token, key):
    return jwt.decode(token, key, algorithms=["HS256"], options={"verify_sub": False})  # ok


def as_configured(token, key, strict):
    return jwt.decode(token, key, algorithms=["HS256"], options={"verify_signature": strict})


def other_library(session):
    return session.get("https://login.test", verify=False, headers=request.headers)


def only_if_asked(token, key, strict=False):
    if strict:
        claims = authlib_jwt.decode(token, key)  # ok
        claims.validate()
        return claims
    return jwt.decode(token, options={"verify_signature": False})  # bad


def one_or_the_other(token, key, strict=False):
    if strict:
        claims = jwt.decode(token, key, algorithms=["HS256"])  # ok
    else:
        claims = jwt.decode(token, options={"verify_signature": False})  # bad
    return claims["sub"]


def read_on_the_way(token, keys):
    if "." in token:
        unverified = jwt.decode(token, options={"verify_signature": False})
        return jwt.decode(token, keys[unverified["tenant"]], algorithms=["ES256"])  # ok
    return None


def read_before(token, keys):
    unverified = jwt.decode(token, options={"verify_signature": False})
    if unverified["tenant"] in keys:
        return jwt.decode(token, keys[unverified["tenant"]], algorithms=["ES256"])  # ok
    return None
