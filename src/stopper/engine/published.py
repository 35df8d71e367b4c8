"""Finds the public keys that an API or its issuer publishes beside it. Sans-I/O, as the proof protocol is."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from stopper.observe.views import Exchange, Purpose, Request
from stopper.observe.wire.compare import succeeded
from stopper.observe.wire.keys import members
from stopper.proof import Ask

_SETS = ("/.well-known/jwks.json", "/jwks.json", "/.well-known/jwks", "/jwks")
_OPENID, _OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"


@dataclass(frozen=True, slots=True)
class Published:
    """The keys of a key set, each a JWK as JSON, and the address that gave it; `metadata` is what named it, if any."""

    keys: tuple[str, ...] = ()
    url: str = ""
    metadata: str = ""


def published_keys(base: str) -> Generator[Ask, Exchange, Published]:
    """Ask the usual places of an origin for a key set, until one answers.

    A key set that metadata names is fetched from this origin only.
    """
    parts = urlsplit(base)
    origin = f"{parts.scheme}://{parts.netloc}"
    for place in _places(parts.path.rstrip("/")):
        url, metadata = origin + place, ""
        exchange = yield Ask(Request("GET", url), Purpose.PROBE)
        if _OPENID in place or _OAUTH in place:
            url, metadata = _named_set(exchange), url
            if not url.startswith(f"{origin}/"):
                continue
            exchange = yield Ask(Request("GET", url), Purpose.PROBE)
        found = members(exchange.response.body) if exchange.response and succeeded(exchange) else ()
        if found:
            return Published(found, url, metadata)
    return Published()


def _places(path: str) -> Iterator[str]:
    """Yield where key sets and metadata stand, for an issuer at a path of its origin too, likeliest first.

    OpenID Connect Discovery 1.0 section 4 puts the well-known part behind the path, RFC 8414 section 3.1 before it.
    """
    yield _SETS[0]
    yield from (_OPENID, _OAUTH)
    if path:
        yield from (path + _OPENID, _OAUTH + path, _OPENID + path, path + _SETS[0])
    yield from _SETS[1:]


def _named_set(exchange: Exchange) -> str:
    if not exchange.response or not succeeded(exchange):
        return ""
    try:
        document = json.loads(exchange.response.body)
    except (ValueError, RecursionError):
        return ""
    named = document.get("jwks_uri") if isinstance(document, dict) else None
    return named if isinstance(named, str) else ""
