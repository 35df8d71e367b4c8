"""A token that says it is not signed is accepted.

## What is wrong

The API accepts a JWT whose header names the algorithm `none`, in any spelling.

## Why it matters

Such a token needs no key: anybody writes it. `none` is a registered algorithm (RFC 7518 section 3.6), so a decoder
that lets the header choose will take it (RFC 8725 section 3.1, ASVS 5.0.0 9.1.2, CWE-347).

## Bad

    if header["alg"].lower() == "none":
        return payload

    jwt.decode(token, key, algorithms=["HS256", "none"])

## Good

    jwt.decode(token, key, algorithms=["HS256"])

One key, one algorithm, named by you and never by the token.

## References

RFC 7518 section 3.6; RFC 8725 sections 2.1 and 3.1; ASVS 5.0.0 9.1.2; CWE-327, CWE-347.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import unsigned

CONTROL = Control(
    id="BT404",
    name="none_algorithm_accepted",
    severity=Severity.CRITICAL,
    title="The algorithm none is accepted",
    witnesses="M S",
    requirements=("V02", "V03"),
    labels=("jwt_alg_none",),
    cwe=(327, 347),
    implied_by=("BT402", "BT403"),
)

_SPELLINGS = ("none", "nOnE")
"""As registered, and as one that slips through a comparison with the registered spelling."""


def mutate(credential: Credential) -> Iterable[Credential]:
    """Give the token unsigned, all its claims kept, the header naming `none` in each spelling."""
    if credential.jwt is None:
        return
    for spelling in _SPELLINGS:
        header = {**credential.jwt.header, "alg": spelling}
        yield credential.changed(unsigned(header, credential.jwt.claims), f"algorithm {spelling}, no signature")
