"""A token brings its own key, and is believed.

## What is wrong

The API verifies a JWT with the key that stands in the token's own header, as `jwk` or as the certificate chain `x5c`.

## Why it matters

Whoever writes the header signs with the key that fits it: every token is "valid" (RFC 8725 section 3.10, ASVS 5.0.0
9.1.3, CVE-2018-0114, CWE-347).

## Bad

    key = jwk_from(header["jwk"])
    jwt.decode(token, key, algorithms=["RS256"])

## Good

    key = TRUSTED[header["kid"]]
    jwt.decode(token, key, algorithms=["RS256"])

Keys come from your own configuration, never from what they verify.

## References

RFC 7515 sections 4.1.3 and 4.1.6; RFC 8725 section 3.10; ASVS 5.0.0 9.1.3; CVE-2018-0114; CWE-347.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from stopper.model import Control, Severity
from stopper.observe.views import Credential, Jwt
from stopper.observe.wire.jwt import compact, encode, keyed
from stopper.observe.wire.keys import OwnKey, own

CONTROL = Control(
    id="BT407",
    name="embedded_key_trusted",
    severity=Severity.CRITICAL,
    title="A key in the token's own header is trusted",
    witnesses="M",
    requirements=("V06",),
    cwe=(347,),
    implied_by=("BT402", "BT403"),
    guard="jose.verified",
)


def mutate(credential: Credential) -> Iterable[Credential]:
    """Give the token signed with a key of ours that stands in its header: as `jwk`, as `x5c`, as a secret."""
    if credential.jwt is None:
        return
    jwt, key = credential.jwt, own(str(credential.jwt.header.get("alg")))
    yield credential.changed(_signed(jwt, key, {"jwk": _named(jwt, key.jwk)}), "signed with the key in its `jwk`")
    if key.certificates:
        chain = {"x5c": list(key.certificates)}
        yield credential.changed(_signed(jwt, key, chain), "signed with the key of its `x5c`")
    if str(jwt.header.get("alg")).startswith("HS"):
        secret = secrets.token_bytes(32)
        shared = _named(jwt, {"kty": "oct", "k": encode(secret)})
        yield keyed(credential, secret, "signed with the shared secret in its `jwk`", jwk=shared)


def _signed(jwt: Jwt, key: OwnKey, header: Mapping[str, object]) -> str:
    return compact({**jwt.header, "alg": key.algorithm, **header}, jwt.claims, key.seal)


def _named(jwt: Jwt, key: Mapping[str, object]) -> dict[str, object]:
    """Return a key under the name that the header has for it, so that no look-up by name turns it away."""
    return {**key, "kid": jwt.header["kid"]} if "kid" in jwt.header else dict(key)
