"""An answer that holds a token may be kept by caches.

## What is wrong

A token endpoint answers without `Cache-Control: no-store`, or an answer to an authenticated request is marked
`public` or `s-maxage`, so that shared caches may keep it and hand it to others.

## Why it matters

Browsers, proxies and content networks write answers to disk. A token in a cache outlives the session, is found by the
next user of the machine, and is served to a stranger where the cache's key leaves the credential out
(RFC 6749 section 5.1, ASVS 5.0.0 14.3.2, CWE-524).

## Bad

    return {"access_token": token}

## Good

    return {"access_token": token}, 200, {"Cache-Control": "no-store"}

The guard sets it on every answer that issues a token or was given to one.

## References

RFC 6749 section 5.1; RFC 9111 sections 3.5 and 5.2.2.5; ASVS 5.0.0 14.3.2; CWE-524, CWE-525.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Exchange, Purpose
from stopper.observe.wire.answers import issued
from stopper.observe.wire.compare import succeeded
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT307",
    name="token_answer_cacheable",
    severity=Severity.MEDIUM,
    title="An answer with a token may be cached",
    witnesses="W S A",
    requirements=("B07", "B08", "B09"),
    labels=("no_store",),
    cwe=(524, 525),
    guard="gate.Gate.after_request",
)

_SHARED = re.compile(r"(?:^|[\s,])(?:public|s-maxage\s*=\s*[1-9])", re.IGNORECASE)
_NO_STORE = re.compile(r"(?:^|[\s,])no-store(?:$|[\s,])", re.IGNORECASE)


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at answers that hand out a token, and at authenticated answers that invite shared caches.

    An answer to a request with an Authorization header is not kept by a shared cache unless it says so
    (RFC 9111 section 3.5), so that silence there is no fault.
    """
    response, endpoint = exchange.response, exchange.endpoint
    if not response or not endpoint or not succeeded(exchange):
        return
    said = ", ".join(response.all_headers("Cache-Control"))
    if issued(response):
        if _NO_STORE.search(said):
            message = f"{endpoint} forbids caches to store its token"
            yield Verdict(True, message, endpoints=(endpoint,), strength=Strength.PROVEN)
        else:
            yield _broken(exchange, f"{endpoint} hands out a token without Cache-Control: no-store")
    elif exchange.purpose is Purpose.ORIGINAL and _SHARED.search(said) and not _NO_STORE.search(said):
        yield _broken(exchange, f"{endpoint} invites shared caches to keep an authenticated answer")


def _broken(exchange: Exchange, message: str) -> Verdict:
    return Verdict(
        kept=False,
        message=message,
        endpoints=(exchange.endpoint,) if exchange.endpoint else (),
        evidence=(evidence("the answer", exchange),),
        strength=Strength.PROVEN,
    )
