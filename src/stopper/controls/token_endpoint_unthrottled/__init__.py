"""Nothing limits how often passwords are tried at a token endpoint.

## What is wrong

An endpoint that gives a token for a password answers as often and as fast as it is asked.

## Why it matters

Lists with millions of passwords that people use elsewhere are tried by machines, one for each user, until a token comes
back; and each try costs the API a slow hash (OWASP API2:2023 and API4:2023, ASVS 5.0.0 6.3.1, CWE-307).

A proxy in front may count the tries, which the source does not show: what it says stands beside what an exchange shows,
and is no finding of its own.

## Bad

    @app.post("/login")
    def login(): ...

## Good

    @app.post("/login")
    @limiter.limit("5 per minute")
    def login(): ...

## References

RFC 6585 section 4; RFC 6749 section 10.10; OWASP API2:2023, API4:2023; ASVS 5.0.0 6.3.1; CWE-307, CWE-799.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.controls.token_endpoint_unthrottled.issuing import counts_tries, limited, token_endpoints
from stopper.model import Control, Scope, Severity, Strength, Verdict
from stopper.observe.source import Module

CONTROL = Control(
    id="BT424",
    name="token_endpoint_unthrottled",
    severity=Severity.MEDIUM,
    title="Nothing limits how often passwords are tried at a token endpoint",
    witnesses="S",
    requirements=("B18",),
    cwe=(307, 799),
    scope=Scope.OPERATION,
)

_SPEAKS = ("token", "jwt")


def source(module: Module) -> Iterable[Verdict]:
    """Look at every route that gives a token for a password, in a program that nowhere speaks of limits.

    Where it does speak of them, only a route that is limited by its decorator is told of.
    """
    if not module.mentions(*_SPEAKS):
        return
    for route, view in token_endpoints(module):
        if limited(view):
            yield Verdict(True, f"`{route.name}` limits how often it is asked", route.place, route.endpoints)
        elif not counts_tries(module.project):
            yield Verdict(
                kept=False,
                message=f"`{route.name}` gives tokens for passwords, and nothing in the program limits how often",
                place=route.place,
                endpoints=route.endpoints,
                strength=Strength.SUPPORTING,
            )
