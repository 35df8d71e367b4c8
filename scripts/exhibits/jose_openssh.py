"""python-jose takes an ECDSA key in OpenSSH's form for a secret (CVE-2024-33663)."""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jose import jwt
from shop import AUDIENCE, HEADER, ISSUER, ec_jwk, pem, served, strictly

KEY = ec.generate_private_key(ec.SECP256R1())
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
LINE = KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
KEYS = {"ES256": pem(KEY.public_key()).decode()}


def issue(claims):
    return jwt.encode(claims, PRIVATE, "ES256", HEADER)


def decode(token):
    key = KEYS.get(jwt.get_unverified_header(token)["alg"], LINE)
    return jwt.decode(token, key, algorithms=["ES256", "HS256"], audience=AUDIENCE, issuer=ISSUER)


app = served(issue, strictly(decode), [ec_jwk(KEY.public_key())])
