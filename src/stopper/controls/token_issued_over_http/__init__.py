"""The token endpoint answers on plain HTTP.

## What is wrong

An operation that hands out access tokens can be reached without TLS: the specification offers it over `http`, or the
running API answers there instead of refusing.

## Why it matters

Everybody on the way reads the password that goes in and the token that comes out, and both stay valid. An
authorization server must require TLS at its token endpoint (RFC 6749 section 3.2); a redirect comes too late, for the
password has already crossed.

## Bad

    servers:
      - url: http://login.shop.example
    paths:
      /login:
        post: ...

## Good

    servers:
      - url: https://login.shop.example

and an application that refuses what did not come over TLS: `Guard(app)` answers 403 on plain HTTP.

## References

RFC 6749 sections 3.2 and 10.9; RFC 6750 section 5.3; OWASP ASVS 5.0 12.2.1; CWE-319, CWE-523.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Place, Severity, Strength, Verdict
from stopper.observe.source.mending import refused_in_clear
from stopper.observe.views import Exchange, Operation, Purpose, Server
from stopper.observe.wire.answers import issued
from stopper.observe.wire.compare import succeeded
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import Rewrite

CONTROL = Control(
    id="BT101",
    name="token_issued_over_http",
    severity=Severity.CRITICAL,
    title="A token endpoint on plain HTTP",
    witnesses="P W A",
    requirements=("T01",),
    cwe=(319, 523),
    guard="respond.InsecureTransport",
)


def spec(operation: Operation) -> Iterable[Verdict]:
    """Look at each server of an operation that issues tokens; a relative one says nothing."""
    if not operation.issues_token:
        return
    for server in operation.servers:
        if server.scheme == "http":
            yield _offered(operation, server)
        elif server.scheme == "https":
            message = f"{operation.endpoint} issues a token and is offered over https"
            yield Verdict(True, message, place=server.place, endpoints=(operation.endpoint,))


def _offered(operation: Operation, server: Server) -> Verdict:
    where = " on loopback only" if server.loopback else ""
    return Verdict(
        kept=False,
        message=f"{operation.endpoint} issues a token and is offered over http{where}",
        place=server.place,
        endpoints=(operation.endpoint,),
        severity=Severity.ADVICE if server.loopback else None,
    )


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at what a token endpoint answers on plain HTTP: a token, or a refusal of a login that works over TLS."""
    if exchange.request.secure or not exchange.endpoint or not exchange.response:
        return
    if issued(exchange):
        yield Verdict(
            kept=False,
            message=f"{exchange.endpoint} answers plain HTTP with a token",
            endpoints=(exchange.endpoint,),
            evidence=(evidence("a token over plain HTTP", exchange),),
            strength=Strength.PROVEN,
        )
    elif exchange.purpose is Purpose.LOGIN and not succeeded(exchange):
        message = f"{exchange.endpoint} gives no token over plain HTTP"
        yield Verdict(True, message, endpoints=(exchange.endpoint,), strength=Strength.PROVEN)


# --------------------------------------------------------------------------- the repair


def fix(subject: object, place: Place) -> Rewrite | None:
    """Bring the guard in before all operations, where the finding is one of the application's own code."""
    return refused_in_clear(subject) if place.uri.endswith(".py") else None
