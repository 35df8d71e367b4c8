"""A key pair is weak enough for its private half to be found.

## What is wrong

The tokens are signed, or the connection is secured, with an RSA key of fewer than 2048 bits, with a strange public
exponent, with primes that can be found (ROCA, neighbours, shared), or on a curve that is too small.

## Why it matters

The public key is there for everybody. Whoever factors it signs tokens as the API does, for anybody, and nothing in them
shows it: 512 bits cost a few dollars, 1024 bits are within reach of those who store today what they break tomorrow
(RFC 7518 section 3.3, ASVS 5.0.0 11.6.1, CWE-326).

## Bad

    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)

## Good

    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)

The guard makes its keys itself, and publishes their public halves.

## References

RFC 7518 sections 3.3 and 3.4; FIPS 186-5 appendix A.1; NIST SP 800-131A; CVE-2017-15361; ASVS 5.0.0 11.2.3, 11.6.1;
CWE-326.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from stopper.controls.weak_public_key.keys import is_key, weaknesses_of_set
from stopper.controls.weak_public_key.making import made
from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.source import Module
from stopper.observe.source.flows import place
from stopper.observe.views import Exchange, Response
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT209",
    name="weak_public_key",
    severity=Severity.HIGH,
    title="A key pair is weak enough for its private half to be found",
    witnesses="W S",
    requirements=("G08", "G09"),
    labels=("weak_key",),
    cwe=(326,),
)

_MOST_KEYS = 50


def source(module: Module) -> Iterable[Verdict]:
    """Look at every key pair that is made here, by a library or by openssl, and at every key that is written here."""
    for node, weakness in made(module):
        message = f"here is {weakness}" if weakness else "the key pair is strong enough"
        yield Verdict(not weakness, message, place(module, node), module.endpoints(node))


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the keys of every JWKS that is answered (RFC 7517 section 5)."""
    members = _key_set(exchange.response) if exchange.endpoint and exchange.response else []
    if not members or exchange.endpoint is None:
        return
    weak = sorted(set(weaknesses_of_set(members)))
    yield Verdict(
        kept=not weak,
        message=f"{exchange.endpoint} publishes {', '.join(weak) if weak else 'keys that are strong enough'}",
        endpoints=(exchange.endpoint,),
        evidence=(evidence("the key set", exchange),) if weak else (),
        strength=Strength.PROVEN,
        cause="the published keys",
    )


def _key_set(response: Response) -> list[dict[str, object]]:
    if not 200 <= response.status < 300 or b'"kty"' not in response.body:
        return []
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        return []
    keys = document.get("keys") if isinstance(document, dict) else None
    return [key for key in keys[:_MOST_KEYS] if is_key(key)] if isinstance(keys, list) else []
