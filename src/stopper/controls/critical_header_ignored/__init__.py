"""A token is accepted although its header says that the reader must understand more.

## What is wrong

The API accepts a JWT whose `crit` names an extension that it does not know, names nothing, names the same twice, or
says that the payload is not encoded.

## Why it matters

An issuer writes into `crit` what changes the meaning of a token: a reader that goes on regardless believes something
else than was signed, and what one component refuses the next one takes (RFC 7515 section 4.1.11, CVE-2025-59420,
CWE-345).

## Bad

    header = json.loads(decoded(token.split(".")[0]))
    verify(token, header["alg"])

## Good

    if "crit" in header:
        refuse()

## References

RFC 7515 section 4.1.11; RFC 7797 section 6; CVE-2025-59420; CWE-345, CWE-436.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import minted

CONTROL = Control(
    id="BT425",
    name="critical_header_ignored",
    severity=Severity.MEDIUM,
    title="A header that must be understood is ignored",
    witnesses="M",
    requirements=("V17", "V39"),
    cwe=(345, 436),
    implied_by=("BT402", "BT403"),
    guard="jose.parse",
)

_NAME = "stopper-unknown"


def mutate(credential: Credential) -> Iterable[Credential]:
    """Mint the token with a `crit` that no reader may pass over; its payload stays encoded, whatever `b64` says."""
    yield from minted(credential, "crit with an unknown extension", {"crit": [_NAME], _NAME: True}, {})
    yield from minted(credential, "crit with b64 false", {"crit": ["b64"], "b64": False}, {})
    yield from minted(credential, "empty crit", {"crit": []}, {})
    yield from minted(credential, "crit with a doubled name", {"crit": [_NAME, _NAME], _NAME: True}, {})
