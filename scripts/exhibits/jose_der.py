"""python-jose, the newest, takes a key in DER for a secret."""

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jose import jwt
from shop import AUDIENCE, HEADER, ISSUER, pem, rsa_jwk, served, strictly

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
DER = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
KEYS = {"RS256": pem(KEY.public_key()).decode()}


def issue(claims):
    return jwt.encode(claims, PRIVATE, "RS256", HEADER)


def decode(token):
    key = KEYS.get(jwt.get_unverified_header(token)["alg"], DER)
    return jwt.decode(token, key, algorithms=["RS256", "HS256"], audience=AUDIENCE, issuer=ISSUER)


app = served(issue, strictly(decode), [rsa_jwk(KEY.public_key())])
