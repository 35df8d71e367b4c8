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

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.spec.rewriting import Part, SpecText
from stopper.observe.views import Operation, Server
from stopper.rewrite import ByHand, CannotRewriteError, Change, Rewrite, Risk

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


_TWINS = {"http": "https", "ws": "wss"}


def fix(document: SpecText, place: Place) -> Rewrite | ByHand | None:
    """Offer the twin over TLS instead, or nothing where that one is offered already."""
    part = document.at(place)
    if Server(part.text, place).loopback:
        return ByHand("a server on loopback seldom speaks TLS: take it out of what is published")
    changes = tuple(_offered_securely(document, part))
    return Rewrite("a client made from the document sends no token in clear", changes, Risk.STRICTER)


def _offered_securely(document: SpecText, part: Part) -> Iterable[Change]:
    scheme, found, rest = part.text.partition("://")
    scheme = scheme.lower()
    if scheme in _TWINS and found:
        twins = [each.entries["url"].text for each in _siblings(part) if "url" in each.entries]
        if f"{_TWINS[scheme]}://{rest}" in twins and part.parent:
            yield document.without(part.parent)
        elif ":" in rest.partition("/")[0].rpartition("]")[2]:
            raise CannotRewriteError("the port that is named speaks plain HTTP: name the one that speaks TLS")
        else:
            yield document.replaced(part, f"{scheme}:", f"{_TWINS[scheme]}:")
    elif scheme in _TWINS and part.parent:  # Swagger 2.0: a word in `schemes`
        there = any(each.text == _TWINS[scheme] for each in part.parent.items)
        yield document.without(part) if there else document.value(part, _TWINS[scheme])


def _siblings(part: Part) -> list[Part]:
    """Return the servers beside the one whose url this is."""
    return part.parent.parent.items if part.parent and part.parent.parent else []
