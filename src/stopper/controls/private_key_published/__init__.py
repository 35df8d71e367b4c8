"""A private key, or the file that holds the keys, is served to anyone.

## What is wrong

The key set holds the private or the symmetric members of its keys, or the server hands out `.env` or a key file.

## Why it matters

Whoever has the private key signs tokens for everybody, and nobody can tell them from real ones (RFC 7517 section 9.2,
ASVS 5.0.0 13.4.1, CWE-522).

## Bad

    {"keys": [{"kty": "RSA", "n": "...", "e": "AQAB", "d": "..."}]}

## Good

    {"keys": [{"kty": "RSA", "n": "...", "e": "AQAB", "kid": "2026-11"}]}

## References

RFC 7517 sections 4 and 9.2; RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1; ASVS 5.0.0 13.4.1; CWE-312, CWE-522.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from stopper.model import Control, Endpoint, Scope, Severity, Strength, Verdict
from stopper.observe.views import Exchange, Live, Purpose, Request, Response
from stopper.observe.wire.compare import unstable
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.keys import members
from stopper.secret import recognise

CONTROL = Control(
    id="BT212",
    name="private_key_published",
    severity=Severity.HIGH,
    title="A private key is served to anyone",
    witnesses="C W",
    requirements=("G21", "L11"),
    cwe=(312, 522),
    scope=Scope.APPLICATION,
)

_PATHS = ("/.well-known/jwks.json", "/.env")
_ENVIRONMENT = re.compile(r"^(?:export )?[A-Z][A-Z0-9_]*(?:SECRET|KEY|PASSWORD|TOKEN)[A-Z0-9_]*=\S", re.MULTILINE)
_READ = 262_144


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the key sets and key files that pass by, whoever asked for them."""
    what = _held(exchange.response)
    if what and exchange.purpose is not Purpose.PROBE:
        yield _broken(exchange, what)
    elif exchange.response and _is_key_set(exchange.response) and exchange.purpose is not Purpose.PROBE:
        yield _verdict(exchange, True, "the published key set holds public keys only")


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Ask without a credential for the key set and for the file of the environment at their usual places."""
    base = urlsplit(live.request.url)
    verdicts: list[Verdict] = []
    for path in _PATHS:
        exchange = yield Request("GET", f"{base.scheme}://{base.netloc}{path}")
        if unstable(exchange):
            return tuple(verdicts)
        what = _held(exchange.response)
        if what:
            verdicts.append(_broken(exchange, what))
        elif exchange.response and _is_key_set(exchange.response):
            verdicts.append(_verdict(exchange, True, "the published key set holds public keys only"))
    nothing = Verdict(True, "no private key is served at the usual places", strength=Strength.PROVEN)
    return tuple(verdicts) or (nothing,)


def _is_key_set(response: Response) -> bool:
    return 200 <= response.status < 300 and bool(members(response.body))


def _held(response: Response | None) -> str:
    """Return what a successful answer gives away, an empty text where it is nothing."""
    if response is None or not 200 <= response.status < 300:
        return ""
    for each in members(response.body):
        key = json.loads(each)
        if isinstance(key.get("d"), str) or (key["kty"] == "oct" and isinstance(key.get("k"), str)):
            return "the private part of a key in a key set"
    text = response.text[:_READ]
    if text.lstrip().startswith("-----BEGIN") and any(match.kind == "private key" for match in recognise(text)):
        return "a private key"
    plain = "html" not in (response.header("Content-Type") or "") and not text.lstrip().startswith(("<", "{", "["))
    return "a file of the environment with secrets" if plain and _ENVIRONMENT.search(text) else ""


def _broken(exchange: Exchange, what: str) -> Verdict:
    path = urlsplit(exchange.request.url).path
    shown = evidence("the answer", replace(exchange, response=_without_body(exchange.response)))
    return replace(_verdict(exchange, False, f"{path} serves {what} to anyone"), evidence=(shown,))


def _without_body(response: Response | None) -> Response | None:
    """Return an answer whose content, which is all secret, is not shown."""
    return replace(response, body=b"(not shown)") if response else None


def _verdict(exchange: Exchange, kept: bool, message: str) -> Verdict:
    endpoint = exchange.endpoint or Endpoint(exchange.request.method, urlsplit(exchange.request.url).path)
    return Verdict(kept, message, endpoints=(endpoint,), strength=Strength.PROVEN, cause=f"what {endpoint} serves")
