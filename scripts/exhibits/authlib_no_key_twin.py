"""The twin of `authlib_no_key`: the key is given."""

from authlib_no_key import JWK, KEY, issue, served, strictly, verified
from shop import pem


def decode(token):
    return verified(token, pem(KEY.public_key()))


app = served(issue, strictly(decode), [JWK])
