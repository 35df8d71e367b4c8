"""The audience of tokens that another issuer signs, in each library; the keys come from its JWKS."""

from authlib.jose import JsonWebToken
from authlib.jose import jwt as authlib_jwt
from google.oauth2 import id_token
from jwcrypto import jwt as crypto_jwt

strict = JsonWebToken(["RS256"])


def authlib_never(token, jwks):
    claims = strict.decode(token, jwks)  # bad
    claims.validate()
    return claims["sub"]


def authlib_any(token, jwks):
    claims = authlib_jwt.decode(token, jwks, claims_options={"iss": {"essential": True, "value": ISSUER}})  # bad
    claims.validate()
    return claims["sub"]


def authlib_asked(token, jwks):
    claims = strict.decode(token, jwks, claims_options={"aud": {"essential": True, "value": "shop"}})  # ok
    claims.validate()
    return claims["sub"]


def authlib_as_configured(token, jwks, options):
    return strict.decode(token, jwks, claims_options=options)


def authlib_by_hand(token, jwks):
    claims = strict.decode(token, jwks)
    if claims["aud"] != "shop":
        raise ValueError
    return claims["sub"]


def authlib_own_key(token, key):
    return JsonWebToken(["HS256"]).decode(token, key)["sub"]


def jwcrypto_never(token, jwks):
    return crypto_jwt.JWT(jwt=token, key=jwks, algs=["RS256"], check_claims={"iss": ISSUER}).claims  # bad


def jwcrypto_asked(token, jwks):
    return crypto_jwt.JWT(jwt=token, key=jwks, algs=["RS256"], check_claims={"aud": "shop"}).claims  # ok


def google_never(token, request):
    return id_token.verify_oauth2_token(token, request)["sub"]  # bad


def google_asked(token, request):
    return id_token.verify_oauth2_token(token, request, "shop")["sub"]  # ok
