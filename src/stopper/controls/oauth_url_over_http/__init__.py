"""The specification sends clients to an authorization server over plain HTTP.

## What is wrong

A security scheme names an address of its authorization server (where tokens are issued, renewed, or looked up) that
begins with `http://`.

## Why it matters

Clients are made from this document. Passwords, client secrets, authorization codes and tokens go to these addresses;
over plain HTTP everybody on the way reads them, and can answer in the server's place (RFC 6749 sections 3.1.2.1 and
3.2 demand TLS).

## Bad

    flows:
      clientCredentials:
        tokenUrl: http://login.example.com/token

## Good

    flows:
      clientCredentials:
        tokenUrl: https://login.example.com/token

## References

RFC 6749 sections 3.1 and 3.2; OpenAPI 3.1 "OAuth Flow Object"; CWE-319.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.spec.rewriting import SpecText
from stopper.observe.views import Operation, Scheme, Server
from stopper.rewrite import ByHand, Rewrite, Risk

CONTROL = Control(
    id="BT105",
    name="oauth_url_over_http",
    severity=Severity.HIGH,
    title="An authorization server over plain HTTP",
    witnesses="P",
    requirements=("T13",),
    cwe=(319,),
)


def spec(operation: Operation) -> Iterable[Verdict]:
    """Look at each address of the schemes that an operation takes; a relative one says nothing."""
    schemes = {scheme.name: scheme for requirement in operation.security for scheme, _ in requirement.schemes}
    for scheme in schemes.values():
        yield from _addresses(operation, scheme)


def _addresses(operation: Operation, scheme: Scheme) -> Iterable[Verdict]:
    for name, url, place in scheme.urls:
        protocol = _protocol(url)
        if protocol not in ("http", "https"):
            continue
        loopback = protocol == "http" and Server(url, place).loopback
        yield Verdict(
            kept=protocol == "https",
            message=f"the scheme `{scheme.name}` has its {name} over {protocol}{': loopback only' if loopback else ''}",
            place=place,
            endpoints=(operation.endpoint,),
            cause=f"the address at {place}:{place.column}",
            severity=Severity.ADVICE if loopback else None,
        )


def _protocol(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def fix(document: SpecText, place: Place) -> Rewrite | ByHand:
    """Name the same address over TLS; which port speaks it is known only where none is named."""
    part = document.at(place)
    if Server(part.text, place).loopback:
        return ByHand("a server on loopback seldom speaks TLS: take it out of what is published")
    if ":" in urlsplit(part.text).netloc.rpartition("]")[2]:
        return ByHand("the port that is named speaks plain HTTP: name the one that speaks TLS")
    change = document.replaced(part, "http:", "https:")
    return Rewrite("passwords, codes and tokens go to the authorization server over TLS", (change,), Risk.STRICTER)
