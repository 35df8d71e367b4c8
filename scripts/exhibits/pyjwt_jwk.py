"""PyJWT takes the JSON of a public key for a secret, where the key is chosen by the header (CVE-2026-48526)."""

import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from shop import AUDIENCE, HEADER, ISSUER, ec_jwk, served, strictly

KEY = ec.generate_private_key(ec.SECP256R1())
JWK = json.dumps(ec_jwk(KEY.public_key()), sort_keys=True)
KEYS = {"ES256": jwt.PyJWK.from_json(JWK).key}


def issue(claims):
    return jwt.encode(claims, KEY, "ES256", HEADER)


def decode(token):
    key = KEYS.get(jwt.get_unverified_header(token)["alg"], JWK)
    return jwt.decode(token, key, algorithms=["ES256", "HS256"], audience=AUDIENCE, issuer=ISSUER)


app = served(issue, strictly(decode), [json.loads(JWK)])
