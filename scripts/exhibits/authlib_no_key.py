"""Authlib, given no key, takes the one in the token's own header (CVE-2026-27962)."""

import json

from authlib.jose import JsonWebSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from shop import HEADER, ISSUER, rsa_jwk, served, strictly

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
JWK = rsa_jwk(KEY.public_key())
SIGNATURES = JsonWebSignature(["RS256"])


def issue(claims):
    header = {**HEADER, "alg": "RS256", "jwk": JWK}
    return SIGNATURES.serialize_compact(header, json.dumps(claims).encode(), PRIVATE).decode()


def decode(token):
    return verified(token, None)


def verified(token, key):
    found = json.loads(SIGNATURES.deserialize_compact(token, key)["payload"])
    if found["iss"] != ISSUER:
        raise ValueError("of another issuer")
    return found


app = served(issue, strictly(decode), [JWK])
