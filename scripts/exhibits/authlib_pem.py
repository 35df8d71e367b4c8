"""Authlib takes a key in PEM for a secret (CVE-2024-37568)."""

from authlib.jose import JsonWebToken
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from shop import HEADER, ISSUER, pem, rsa_jwk, served, strictly

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PUBLIC = pem(KEY.public_key())
TOKENS = JsonWebToken(["RS256", "HS256"])


def issue(claims):
    return TOKENS.encode({**HEADER, "alg": "RS256"}, claims, PRIVATE).decode()


def decode(token):
    found = TOKENS.decode(token, PUBLIC, claims_options={"iss": {"essential": True, "value": ISSUER}})
    found.validate()
    return found


app = served(issue, strictly(decode), [rsa_jwk(KEY.public_key())])
