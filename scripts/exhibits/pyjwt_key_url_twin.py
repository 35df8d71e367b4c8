"""The twin of `pyjwt_key_url`: the key is the shop's own, whatever the token says."""

import jwt
from pyjwt_key_url import AUDIENCE, ISSUER, KEY, issue, rsa_jwk, served, strictly


def decode(token):
    return jwt.decode(token, KEY.public_key(), algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)


app = served(issue, strictly(decode), [{**rsa_jwk(KEY.public_key()), "kid": "one"}])
