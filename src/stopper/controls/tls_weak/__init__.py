"""The server's TLS is weak.

## What is wrong

The server speaks TLS 1.0 or 1.1, or its certificate is expired, is for another name, comes from an unknown authority,
or has a key or a signature that is too weak.

## Why it matters

A token is as safe as what carries it: old versions can be broken by who listens, and clients that have to ignore a
wrong certificate ignore an attacker's too (RFC 8996, RFC 9325 section 4, ASVS 5.0.0 12.1.1 and 12.2.2, CWE-295,
CWE-326).

## Bad

    ssl_protocols TLSv1 TLSv1.1 TLSv1.2;

## Good

    ssl_protocols TLSv1.2 TLSv1.3;

## References

RFC 8996; RFC 9325 sections 3.1 and 4; ASVS 5.0.0 12.1.1 and 12.2.2; CWE-295, CWE-297, CWE-326, CWE-327.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence

from stopper.model import Control, Evidence, Scope, Severity, Strength, Verdict
from stopper.observe.views import Exchange, Live, Request, Tls

CONTROL = Control(
    id="BT108",
    name="tls_weak",
    severity=Severity.HIGH,
    title="The server's TLS is weak",
    witnesses="C",
    requirements=("T07", "T09"),
    cwe=(295, 297, 326, 327),
    scope=Scope.APPLICATION,
)

_FEWEST_BITS = {"RSA": 2048, "DSA": 2048, "EC": 224}
"""NIST SP 800-57 part 1, table 2: 112 bits of strength."""

_BROKEN_HASHES = frozenset({"md5", "sha1"})


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Judge the handshakes that were made before anything was asked; nothing more is sent."""
    yield from ()
    if live.tls is None:
        return ()
    faults = list(_faults(live.tls, time.time()))
    return (
        Verdict(
            kept=not faults,
            message=f"the server {'; it '.join(faults)}"
            if faults
            else "the server speaks TLS 1.2 or later, and only that",
            endpoints=(live.endpoint,),
            evidence=(Evidence("handshakes", "\n".join(faults)),) if faults else (),
            strength=Strength.PROVEN,
            cause="the server's TLS",
        ),
    )


def _faults(tls: Tls, now: float) -> Iterator[str]:
    if tls.old_versions:
        yield f"speaks {' and '.join(tls.old_versions)}"
    if tls.expires is not None and tls.expires < now:
        yield "has a certificate that has expired"
    elif tls.refusal:
        yield f"is refused by careful clients ({tls.refusal})"
    kind, bits = tls.key
    if bits < _FEWEST_BITS.get(kind, 0):
        yield f"has a certificate with a key of {bits} bits ({kind})"
    if tls.signature_hash in _BROKEN_HASHES:
        yield f"has a certificate signed over {tls.signature_hash}"
