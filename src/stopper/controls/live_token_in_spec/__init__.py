"""The specification shows a credential that is a real one.

## What is wrong

An example, a default or a description holds a whole token: a signed JWT that has not expired and whose signature is not
made with a key from a tutorial, an opaque token whose checksum is right, or a secret key with the prefix that its
vendor gave it (GitHub's by their checksum too). It was copied from a running system. Keys that are public or of a test
account, and what is visibly made up, are none.

## Why it matters

Documents are published, mirrored, indexed and built into clients. Whoever reads the document holds the credential for
as long as it is valid (ASVS 5.0.0 13.3.1; CWE-540).

## Bad

    example: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.(43 characters of a real signature)

## Good

    example: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.signature

Revoke the token that was shown: taking it out of the document does not take it back.

## References

CWE-540, CWE-798; RFC 7519 section 4.1.4; OWASP ASVS 5.0 13.3.1.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from stopper.model import Control, Severity, Verdict
from stopper.observe.views import Jwt, Operation
from stopper.observe.wire.guess import guess
from stopper.observe.wire.jwt import parse
from stopper.observe.wire.lock import locks
from stopper.secret import Secret, opaque_checksum, recognise

CONTROL = Control(
    id="BT313",
    name="live_token_in_spec",
    severity=Severity.HIGH,
    title="A real credential in the specification",
    witnesses="P",
    requirements=("G14",),
    cwe=(540, 798),
)

_SHORTEST = {"HS256": 32, "HS384": 48, "HS512": 64, "ES256": 64, "ES384": 96, "ES512": 132, "EdDSA": 64, "Ed25519": 64}
_SHORTEST_RSA = 128
"""Bytes of a signature (RFC 7518 section 3, RFC 8037 section 3.1); of an RSA key of 1,024 bits."""

_PUBLIC = re.compile(r"pk_|[rs]k_test_|AIza|SK[0-9a-f]|ZXlK")
"""Keys that are meant to be shown, name an account only, or open nothing but play money."""

_MADE_UP = re.compile(r"(.)\1{3}|example|sample|dummy|fake|placeholder|your|secret|token|0123456|1234567|abcdef", re.I)
_FEWEST_CHARACTERS = 12
_CHECKED = re.compile(r"gh[opsur]_([A-Za-z0-9]{30})([A-Za-z0-9]{6})")
"""GitHub's tokens end in the CRC-32 of what stands between, in base 62."""


def spec(operation: Operation) -> Iterable[Verdict]:
    """Look at the credentials that the document shows; those outside of all operations speak for the whole document."""
    if not operation.credentials:
        message = f"{operation.endpoint} is described without a credential"
        yield Verdict(True, message, operation.place, (operation.endpoint,))
    for place, shown in operation.credentials:
        harmless = _harmless(shown)
        yield Verdict(
            kept=bool(harmless),
            message=f"the specification shows a token that {harmless or 'is whole and has not expired'}",
            place=place,
            cause=f"the token at {place}:{place.column}",
        )


def _harmless(shown: Secret) -> str:
    """Return why a token that is shown opens nothing, or an empty text."""
    if any(found.kind == "vendor key" for found in recognise(shown.reveal())):
        return _sample(shown.reveal())
    jwt = parse(shown.reveal())
    if jwt is None:
        # An opaque token is recognised by its checksum; what is no JWT after all is cut short.
        return "" if "." not in shown.reveal() else "is not complete"
    if len(jwt.signature) < _SHORTEST.get(str(jwt.header.get("alg")), _SHORTEST_RSA):
        return "has no signature of its algorithm's length"
    if _expired(jwt):
        return "has expired"
    if guess(locks(shown.reveal()), ()).key is not None:
        return "is signed with a key from a tutorial"
    return ""


def _sample(key: str) -> str:
    """Return why a key with a vendor's prefix is no secret, or an empty text."""
    if _PUBLIC.match(key):
        return "is public, or of a test account"
    if _MADE_UP.search(key) or len(set(key)) < _FEWEST_CHARACTERS:
        return "is made up"
    github = _CHECKED.fullmatch(key)
    return "has a wrong checksum" if github and opaque_checksum(github[1]) != github[2] else ""


def _expired(jwt: Jwt) -> bool:
    ends = jwt.claims.get("exp")
    return isinstance(ends, int | float) and not isinstance(ends, bool) and ends < time.time()
