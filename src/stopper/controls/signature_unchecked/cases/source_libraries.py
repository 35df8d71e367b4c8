"""The same fault and its look-alikes in each library that signs tokens."""

import json

import jwt
from auth0.authentication.token_verifier import AsymmetricSignatureVerifier, TokenVerifier
from authlib.jose import JsonWebSignature, JsonWebToken
from flask import Flask
from google.oauth2 import id_token
from itsdangerous import URLSafeSerializer
from jose import jws as jose_jws
from jose import jwt as jose_jwt
from joserfc import jws
from jwcrypto import jwt as crypto_jwt
from jwt.api_jws import PyJWS

app = Flask(__name__)
app.config["JWT_VERIFY_CLAIMS"] = ["exp", "iat"]  # bad
app.config["JWT_VERIFY"] = False  # bad
reader = jwt.PyJWT()
verifier = TokenVerifier(AsymmetricSignatureVerifier(JWKS), issuer=ISSUER, audience="shop")
strict = JsonWebToken(["RS256"])


def complete(token):
    return jwt.decode_complete(token, options={"verify_signature": False})["payload"]["sub"]  # bad


def object_of_pyjwt(token):
    return reader.decode(token, options={"verify_signature": False})["sub"]  # bad


def bytes_of_pyjws(token):
    payload = PyJWS().decode(token, options={"verify_signature": False})  # bad
    return json.loads(payload)["sub"]


def jose_off(token, key):
    return jose_jwt.decode(token, key, options={"verify_signature": False})["sub"]  # bad


def jws_of_jose(token):
    return json.loads(jose_jws.get_unverified_claims(token))["sub"]  # bad


def jws_of_jose_off(token, key):
    claims = json.loads(jose_jws.verify(token, key, ["HS256"], verify=False))  # bad
    return claims["sub"]


def json_of_joserfc(value):
    return json.loads(jws.extract_json(value).payload)["sub"]  # bad


def unsafe(token, key):
    return URLSafeSerializer(key).loads_unsafe(token)[1]["sub"]  # bad


def good_pyjws(token, key):
    return json.loads(PyJWS().decode(token, key, algorithms=["HS256"]))  # ok


def good_jose(token, key):
    return json.loads(jose_jws.verify(token, key, algorithms=["ES256"]))["sub"]  # ok


def good_joserfc(token, key):
    return json.loads(jws.deserialize_compact(token, key, algorithms=["ES256"]).payload)  # ok


def good_authlib(token, key):
    return strict.decode(token, key)["sub"]  # ok


def good_authlib_jws(token, key):
    return JsonWebSignature().deserialize_compact(token, key)["payload"]  # ok


def good_jwcrypto(token, key):
    return json.loads(crypto_jwt.JWT(jwt=token, key=key).claims)["sub"]  # ok


def good_auth0(token):
    return verifier.verify(token)["sub"]  # ok


def good_google(token, request):
    return id_token.verify_oauth2_token(token, request, "shop")["sub"]  # ok


def header_of_jose(token, keys):
    return keys[jose_jwt.get_unverified_headers(token)["kid"]]


def auth0_quickstart(token, keys):
    unverified = jose_jwt.get_unverified_header(token)
    key = next(each for each in keys if each["kid"] == unverified["kid"])
    return jose_jwt.decode(token, key, algorithms=["RS256"], audience="shop", issuer=ISSUER)  # ok
