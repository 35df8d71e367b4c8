"""A token is believed although its signature is wrong.

## What is wrong

The API reads the claims of a JWT without verifying its signature: with verification switched off, with a function that
only decodes, or by taking the payload apart itself.

## Why it matters

Whoever holds any token writes any other: change the subject, add a role, and the API believes it
(ASVS 5.0.0 9.1.1, CWE-347).

## Bad

    claims = jwt.decode(token, options={"verify_signature": False})
    return User.get(claims["sub"])

## Good

    claims = jwt.decode(token, key, algorithms=["ES256"], audience="shop", options={"require": ["exp"]})

Reading a claim first, to find the right key, is fine as long as the verification follows.

## References

RFC 7515 section 5.2; RFC 8725 section 3.3; ASVS 5.0.0 9.1.1; CWE-345, CWE-347.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import compact, unsigned

CONTROL = Control(
    id="BT403",
    name="signature_unchecked",
    severity=Severity.CRITICAL,
    title="The signature is not checked",
    witnesses="M S",
    requirements=("V01",),
    labels=("jwt_no_verify", "unsigned_token"),
    cwe=(345, 347),
    implied_by=("BT402",),
)


def mutate(credential: Credential) -> Iterable[Credential]:
    """Give the token with one claim added under the old signature, and with no signature at all.

    The claim is one that no API reads: all real claims stay, so that only the signature can be the reason to refuse.
    """
    jwt = credential.jwt
    if jwt is None:
        return
    changed = {**jwt.claims, "stopper_probe": 1}
    yield credential.changed(compact(jwt.header, changed, lambda _: jwt.signature), "claim added, signature kept")
    yield credential.changed(unsigned(jwt.header, jwt.claims), "signature removed")
