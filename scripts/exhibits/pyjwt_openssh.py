"""PyJWT verifies Ed25519 with a key kept in OpenSSH's form, and lets the header choose HMAC (CVE-2022-29217)."""

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from shop import AUDIENCE, HEADER, ISSUER, coordinate, served, strictly

KEY = ed25519.Ed25519PrivateKey.generate()
LINE = KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
RAW = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
JWK = {"kty": "OKP", "crv": "Ed25519", "x": coordinate(int.from_bytes(RAW, "big"), 32), "use": "sig"}


def issue(claims):
    return jwt.encode(claims, KEY, "EdDSA", HEADER)


def decode(token):
    return jwt.decode(token, LINE, algorithms=["EdDSA", "HS256"], audience=AUDIENCE, issuer=ISSUER)


app = served(issue, strictly(decode), [JWK])
