"""A secure answer sends its reader to plain HTTP.

## What is wrong

An answer over HTTPS holds a `Location`, a `Link` or a member such as `callback_url` that leads to http:// on the same
host.

## Why it matters

A client that follows it sends its next request, and with it often its token, in clear. Mostly it is a sign that the
application does not know that TLS ends before it, and so believes that everything is plain (RFC 9700 section 4.12,
CWE-319).

## Bad

    HTTP/1.1 201 Created
    Location: http://api.shop.test/orders/7

## Good

    HTTP/1.1 201 Created
    Location: /orders/7

Write relative references, or tell Flask which proxy it may believe (`ProxyFix`, `PREFERRED_URL_SCHEME`).

## References

RFC 9110 section 10.2.2; RFC 9700 section 4.12; CWE-319.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Exchange, Response
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT109",
    name="plain_link_in_secure_answer",
    severity=Severity.MEDIUM,
    title="A secure answer leads to plain HTTP",
    witnesses="W",
    requirements=("T17",),
    cwe=(319,),
)

_LEADS = re.compile(r"(?:^|_)(?:url|uri|href|link|next|prev|previous|first|last|self|callback|redirect|location)s?$")
_TARGET = re.compile(r"<([^<>]{1,2000})>")  # RFC 8288, 3
_LARGEST = 1 << 20
_LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1")
_DEPTH = 5


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at where the answers of known operations lead that came over HTTPS; other hosts are not ours to judge."""
    response, endpoint = exchange.response, exchange.endpoint
    if not response or not endpoint or not exchange.request.secure:
        return
    host = urlsplit(exchange.request.url)
    links = [(name, _parts(url)) for name, url in _links(response)]
    own = [(name, parts) for name, parts in links if parts and _same(parts, host)]
    plain = sorted({name for name, parts in own if parts.scheme == "http"})
    if not own:
        return
    message = f"{endpoint} leads to plain HTTP by {', '.join(plain)}" if plain else f"{endpoint} leads to HTTPS only"
    yield Verdict(
        kept=not plain,
        message=message,
        endpoints=(endpoint,),
        evidence=(evidence("the answer", exchange),) if plain else (),
        strength=Strength.PROVEN,
        cause="links to plain HTTP",
    )


def _parts(url: str) -> SplitResult | None:
    """Return the parts of an absolute URL."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def _same(link: SplitResult, own: SplitResult) -> bool:
    """Tell whether a link leads to the host that answers; on loopback another port is another program."""
    if link.hostname != own.hostname:
        return False
    return link.port in (None, own.port) or not _LOOPBACK.fullmatch(own.hostname or "")


def _links(response: Response) -> Iterator[tuple[str, str]]:
    """Yield the name and the target of whatever leads a client on."""
    for name in ("Location", "Content-Location"):
        yield from ((name, value) for value in response.all_headers(name))
    for value in response.all_headers("Link"):
        yield from (("Link", target) for target in _TARGET.findall(value))
    if len(response.body) <= _LARGEST and response.body[:1] in (b"{", b"["):
        try:
            yield from _members(json.loads(response.body), _DEPTH)
        except (ValueError, RecursionError):
            return


def _members(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth == 0:
        return
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str) and _LEADS.search(name.lower().replace("-", "_")):
                yield f"`{name[:40]}`", member
            else:
                yield from _members(member, depth - 1)
    elif isinstance(value, list):
        for member in value[:20]:
            yield from _members(member, depth - 1)
