"""The specification offers plain HTTP to an operation that takes a bearer token.

## What is wrong

`servers` (Swagger 2: `schemes`), with its templates written out, names an `http` address for an operation whose
security is a bearer token. A client made from the document may pick that address, and the token then crosses in clear.
A variable whose values hold `http` counts like an address that is written down. An address on loopback is for
development: it is advice only.

## Why it matters

Whoever reads the token on its way can use it until it expires: a bearer token proves nothing about its bearer.
Generated clients, consoles and test tools take their address from the document without a second look.

## Bad

    servers:
      - url: "{scheme}://api.shop.example"
        variables:
          scheme: {default: https, enum: [https, http]}

## Good

    servers:
      - url: https://api.shop.example

## References

RFC 6750 sections 5.2 and 5.3 (TLS is required); OpenAPI 3.1 "Server Object"; Swagger 2.0 "schemes";
OWASP ASVS 5.0 12.2.1; CWE-319.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity, Verdict
from stopper.observe.views import Operation, Server

CONTROL = Control(
    id="BT104",
    name="spec_server_over_http",
    severity=Severity.HIGH,
    title="Plain HTTP offered to an operation with a bearer token",
    witnesses="P",
    requirements=("T13",),
    cwe=(319,),
)


def spec(operation: Operation) -> Iterable[Verdict]:
    """Look at each server of an operation for which a bearer token is a way in; a relative one says nothing."""
    if not any(requirement.bearer for requirement in operation.security):
        return
    for server in operation.servers:
        if server.scheme in ("http", "ws"):
            yield _broken(operation, server)
        elif server.scheme in ("https", "wss"):
            message = f"{operation.endpoint} takes a bearer token and is offered over {server.scheme}"
            yield Verdict(True, message, place=server.place, endpoints=(operation.endpoint,))


def _broken(operation: Operation, server: Server) -> Verdict:
    where = "loopback only" if server.loopback else "the token crosses in clear"
    return Verdict(
        kept=False,
        message=f"{operation.endpoint} takes a bearer token and is offered over {server.scheme}: {where}",
        place=server.place,
        endpoints=(operation.endpoint,),
        cause=f"server at {server.place}:{server.place.column}",
        severity=Severity.ADVICE if server.loopback else None,
    )
