"""The twin of `unverified_identity`: the provider's key verifies its tokens."""

from unverified_identity import KEY, issue, rsa_jwk, served, strictly, verified

app = served(issue, strictly(verified), [rsa_jwk(KEY.public_key())])
