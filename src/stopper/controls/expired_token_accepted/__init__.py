"""A token works after it has expired.

## What is wrong

The API accepts a JWT whose `exp` has passed: the check is switched off, forgotten, or allows hours of leeway.

## Why it matters

Expiry bounds the damage of every leak. A token from an old log, backup or laptop then works for ever
(RFC 7519 section 4.1.4, ASVS 5.0.0 9.2.1, CWE-613).

## Bad

    jwt.decode(token, key, algorithms=["HS256"], options={"verify_exp": False})

## Good

    jwt.decode(token, key, algorithms=["HS256"], options={"require": ["exp"]}, leeway=10)

## References

RFC 7519 section 4.1.4; RFC 9068 section 4; ASVS 5.0.0 9.2.1; CWE-613.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from stopper.model import Control, Severity
from stopper.observe.views import Credential

CONTROL = Control(
    id="BT411",
    name="expired_token_accepted",
    severity=Severity.HIGH,
    title="An expired token is accepted",
    witnesses="M C A S",
    requirements=("V12", "V13"),
    labels=("token_no_exp",),
    cwe=(613,),
    implied_by=("BT402", "BT403"),
)

_AGO = 7200
"""Seconds since the minted token's expiry: beyond any leeway that could be meant."""


def mutate(credential: Credential) -> Iterable[Credential]:
    """Mint the token again with the API's own key, all claims kept but its times, which lie in the past.

    Without the key nothing is sent: a foreign signature would be refused for its own sake and prove nothing.
    """
    if credential.jwt is None or credential.sign is None:
        return
    now = int(time.time())
    times = {name: now - _AGO - 3600 for name in ("iat", "nbf", "auth_time") if name in credential.jwt.claims}
    claims = {**credential.jwt.claims, **times, "exp": now - _AGO}
    token = credential.sign(credential.jwt.header, claims)
    yield replace(credential, token=token, label="expired two hours ago, signed with the API's own key")
