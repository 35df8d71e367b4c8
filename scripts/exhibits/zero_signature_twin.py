"""The twin of `zero_signature`: both numbers must be in range (FIPS 186-5, 6.4.2)."""

import zero_signature
from zero_signature import KEY, ORDER, decode, ec_jwk, issue, served, strictly, verified


def right(signed, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    return 0 < r < ORDER and 0 < s < ORDER and verified(signed, r, s)


zero_signature.right = right
app = served(issue, strictly(decode), [ec_jwk(KEY.public_key())])
