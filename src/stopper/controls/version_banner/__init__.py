"""An answer tells which software serves it.

## What is wrong

The `Server` header names the server and its version.

## Why it matters

Whoever looks for servers with a known flaw finds this one by its banner (ASVS 5.0.0 13.4.6).

## Bad

    Server: Werkzeug/3.1.9 Python/3.11.7

## Good

    Server: api

## References

RFC 9110 section 10.2.4; ASVS 5.0.0 13.4.6; CWE-200.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Exchange
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT318",
    name="version_banner",
    severity=Severity.ADVICE,
    title="The server tells its version",
    witnesses="W",
    requirements=("L12",),
    cwe=(200,),
)

_VERSIONED = re.compile(r"[A-Za-z]/\d")


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the Server header of every answer of a known operation."""
    banner = exchange.response.header("Server") if exchange.response else None
    if banner is None or exchange.endpoint is None:
        return
    versioned = bool(_VERSIONED.search(banner))
    yield Verdict(
        kept=not versioned,
        message=f"{exchange.endpoint} {'tells' if versioned else 'does not tell'} the version of its server",
        endpoints=(exchange.endpoint,),
        evidence=(evidence("the answer", exchange),) if versioned else (),
        strength=Strength.PROVEN,
        cause="the server's banner",
    )
