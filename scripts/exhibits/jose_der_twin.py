"""The twin of `jose_der`: one algorithm, with the key that is for it."""

from jose import jwt
from jose_der import AUDIENCE, ISSUER, KEY, KEYS, issue, rsa_jwk, served, strictly


def decode(token):
    return jwt.decode(token, KEYS["RS256"], algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)


app = served(issue, strictly(decode), [rsa_jwk(KEY.public_key())])
