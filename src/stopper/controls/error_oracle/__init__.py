"""Refusals tell why a token was refused.

## What is wrong

A token that is unknown, malformed or expired gets another status or other words than the others do, beyond what
`error="invalid_token"` says.

## Why it matters

Who tries tokens learns how near a try came: that a signature was good and only the time is over is the best news a
stolen token can bring (ASVS 5.0.0 16.5.1, CWE-204).

## Bad

    401 {"msg": "Token has expired"}
    422 {"msg": "Signature verification failed"}

## Good

    401 {"error": "invalid_token"}

## References

RFC 6750 section 3.1; ASVS 5.0.0 16.5.1; CWE-204, CWE-209.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Access, Credential, Exchange, Live, Request
from stopper.observe.wire.compare import refused, same_page
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.jwt import minted

CONTROL = Control(
    id="BT427",
    name="error_oracle",
    severity=Severity.ADVICE,
    title="Refusals tell why a token was refused",
    witnesses="C A",
    requirements=("L07",),
    cwe=(204, 209),
)

_AGO = 7200


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Compare the refusals of a random, a malformed and, with the key, an expired token."""
    unknown, credential = live.baseline.random, live.credential
    if not live.thorough or not credential or not unknown or live.baseline.access is not Access.GUARDED:
        return ()
    told: list[tuple[str, Exchange]] = []
    for wrong in _wrong(credential):
        exchange = yield live.with_credential(wrong)
        if not refused(exchange):
            return ()
        if not same_page(exchange, unknown):
            told.append((wrong.label, exchange))
    labels = " and ".join(label for label, _ in told)
    message = f"{live.endpoint} tells {labels} token from an unknown one" if told else "all refusals are alike"
    return (
        Verdict(
            kept=not told,
            message=message,
            endpoints=(live.endpoint,),
            evidence=(evidence("refusals that differ", unknown, *(shown for _, shown in told)),) if told else (),
            strength=Strength.PROVEN,
            cause="the API's way of refusing",
        ),
    )


def _wrong(credential: Credential) -> Iterator[Credential]:
    yield credential.changed("stopper", "a malformed")
    now = int(time.time())
    for expired in minted(credential, "expired", {}, {"exp": now - _AGO, "iat": now - 2 * _AGO}):
        yield credential.changed(expired.token.reveal(), "an expired")
