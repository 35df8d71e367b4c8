"""The issuer of tokens whose keys are published, in each library; the keys come from a JWKS."""

from google.oauth2 import id_token
from joserfc import jwt as joserfc_jwt
from joserfc.jwt import JWTClaimsRegistry
from jwcrypto import jwt as crypto_jwt

registry = JWTClaimsRegistry(aud={"essential": True, "value": "shop"})


def joserfc_never(token, jwks):
    decoded = joserfc_jwt.decode(token, jwks, algorithms=["RS256"])  # bad
    registry.validate(decoded.claims)
    return decoded.claims["sub"]


def jwcrypto_never(token, jwks):
    return crypto_jwt.JWT(jwt=token, key=jwks, algs=["RS256"], check_claims={"aud": "shop"}).claims  # bad


def jwcrypto_asked(token, jwks):
    return crypto_jwt.JWT(jwt=token, key=jwks, algs=["RS256"], check_claims={"iss": ISSUER}).claims  # ok


def google_looks_itself(token, request):
    return id_token.verify_oauth2_token(token, request, "shop")["sub"]
