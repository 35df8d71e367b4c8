"""A signature of nothing but zeros is accepted.

## What is wrong

The API verifies an ECDSA, EdDSA or RSA signature without looking whether its numbers are in range: zeros, ones, or more
bytes than a signature has.

## Why it matters

With r and s zero the equation of ECDSA holds for every message and every key in implementations that forget the check:
everybody signs everything (FIPS 186-5 section 6.4.2, CVE-2022-21449, CWE-347).

## Bad

    r, s = split(signature)
    return x_of(u1 * G + u2 * Q) == r

## Good

    if not (0 < r < n and 0 < s < n):
        refuse()

Or leave it to a library that is kept up.

## References

FIPS 186-5 section 6.4.2; RFC 7518 section 3.4; RFC 8032 section 5.1.7; CVE-2022-21449; CWE-347.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import encode
from stopper.observe.wire.keys import asymmetric

CONTROL = Control(
    id="BT410",
    name="null_signature_accepted",
    severity=Severity.CRITICAL,
    title="A signature of nothing but zeros is accepted",
    witnesses="M",
    requirements=("V29",),
    cwe=(347,),
    implied_by=("BT402", "BT403"),
    guard="jose.verified",
)


def mutate(credential: Credential) -> Iterable[Credential]:
    """Give the token, where a private key signed it, with signatures that no key makes."""
    jwt = credential.jwt
    if jwt is None or not asymmetric(str(jwt.header.get("alg"))):
        return
    size = len(jwt.signature)
    for label, signature in (
        ("zeros", bytes(size)),
        ("zeros in DER", bytes.fromhex("3006020100020100")),
        ("the number one", bytes(size - 1) + b"\1"),
        ("all bits set", b"\xff" * size),
        ("zeros, twice as long", bytes(2 * size)),
        ("nothing", b""),
    ):
        signed = credential.token.reveal().rpartition(".")[0]
        yield credential.changed(f"{signed}.{encode(signature)}", f"a signature of {label}")
