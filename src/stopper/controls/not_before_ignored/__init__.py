"""A token works before its time.

## What is wrong

The API accepts a JWT whose `nbf` lies in the future: the check is switched off or forgotten, or allows for far more
than clocks that differ.

## Why it matters

A token that is made today for next week is meant to be worth nothing if it leaks today (RFC 7519 section 4.1.5, ASVS
5.0.0 9.2.1, CWE-613).

## Bad

    jwt.decode(token, key, algorithms=["HS256"], options={"verify_nbf": False})

## Good

    jwt.decode(token, key, algorithms=["HS256"], leeway=10)

## References

RFC 7519 section 4.1.5; ASVS 5.0.0 9.2.1; CWE-613.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from stopper.model import Control, Severity
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import minted

CONTROL = Control(
    id="BT412",
    name="not_before_ignored",
    severity=Severity.MEDIUM,
    title="A token works before its time",
    witnesses="M A",
    requirements=("V12",),
    cwe=(613,),
    implied_by=("BT402", "BT403"),
    guard="claims.check",
)

_AHEAD = 1800
"""Seconds until the minted token is good: beyond any leeway that could be meant, and before it expires."""

_LIFE = 3600


def mutate(credential: Credential) -> Iterable[Credential]:
    """Mint the token again, good in half an hour only."""
    start = int(time.time()) + _AHEAD
    yield from minted(credential, "good in half an hour", {}, {"nbf": start, "exp": start + _LIFE})
