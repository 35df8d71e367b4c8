"""PyJWT fetches the key from where the token says that it is (the use that CVE-2026-48522 and 48524 are about)."""

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from shop import AUDIENCE, HEADER, ISSUER, rsa_jwk, served, strictly

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def issue(claims):
    return jwt.encode(claims, KEY, "RS256", {**HEADER, "kid": "one"})


def decode(token):
    url = jwt.get_unverified_header(token).get("jku")
    key = jwt.PyJWKClient(url).get_signing_key_from_jwt(token).key if url else KEY.public_key()
    return jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)


app = served(issue, strictly(decode), [{**rsa_jwk(KEY.public_key()), "kid": "one"}])
