"""Finds the public keys that an API or its issuer publishes beside it. Sans-I/O, as the proof protocol is."""

from __future__ import annotations

import json
from collections.abc import Generator
from urllib.parse import urlsplit

from stopper.observe.views import Exchange, Purpose, Request
from stopper.observe.wire.compare import succeeded
from stopper.observe.wire.keys import members
from stopper.proof import Ask

_SETS = ("/.well-known/jwks.json", "/jwks.json", "/.well-known/jwks", "/jwks")
_METADATA = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
"""RFC 8414 section 3 and OpenID Connect Discovery 1.0 section 4: metadata names the key set."""


def published_keys(base: str) -> Generator[Ask, Exchange, tuple[str, ...]]:
    """Ask the usual places of an origin for a key set, until one answers; returns its keys, each a JWK as JSON.

    A key set that metadata names is fetched from this origin only.
    """
    parts = urlsplit(base)
    origin = f"{parts.scheme}://{parts.netloc}"
    for path in (_SETS[0], *_METADATA, *_SETS[1:]):
        exchange = yield Ask(Request("GET", origin + path), Purpose.PROBE)
        if path in _METADATA:
            named = _named_set(exchange)
            if not named.startswith(f"{origin}/"):
                continue
            exchange = yield Ask(Request("GET", named), Purpose.PROBE)
        found = members(exchange.response.body) if exchange.response and succeeded(exchange) else ()
        if found:
            return found
    return ()


def _named_set(exchange: Exchange) -> str:
    if not exchange.response or not succeeded(exchange):
        return ""
    try:
        document = json.loads(exchange.response.body)
    except (ValueError, RecursionError):
        return ""
    named = document.get("jwks_uri") if isinstance(document, dict) else None
    return named if isinstance(named, str) else ""
