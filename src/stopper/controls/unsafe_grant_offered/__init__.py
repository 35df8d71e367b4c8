"""An OAuth grant is offered that should not exist any more.

## What is wrong

The specification or the authorization server's metadata offers the password grant, the implicit grant, or PKCE with the
method `plain`.

## Why it matters

With the password grant every client sees passwords; with the implicit grant tokens stand in URLs, and so in histories
and logs; PKCE `plain` gives away what it protects with (RFC 9700 sections 2.1.1, 2.1.2 and 2.4, ASVS 5.0.0 10.4.4 and
10.4.6, CWE-522, CWE-598).

## Bad

    flows:
      password: {tokenUrl: https://login.test/token, scopes: {}}

## Good

    flows:
      authorizationCode:
        authorizationUrl: https://login.test/authorize
        tokenUrl: https://login.test/token
        scopes: {}

## References

RFC 9700 sections 2.1.1, 2.1.2 and 2.4; RFC 7636 section 4.2; RFC 8414 section 2; ASVS 5.0.0 10.4.4 and 10.4.6; CWE-522,
CWE-598.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from stopper.model import Control, Endpoint, Scope, Severity, Strength, Verdict
from stopper.observe.views import Exchange, Live, Operation, Request
from stopper.observe.wire.compare import unstable
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT506",
    name="unsafe_grant_offered",
    severity=Severity.MEDIUM,
    title="A grant is offered that should not exist any more",
    witnesses="P C",
    requirements=("S21", "S22"),
    cwe=(522, 598),
    scope=Scope.APPLICATION,
)

_UNSAFE = {"password": "the password grant", "implicit": "the implicit grant"}
_METADATA = "/.well-known/oauth-authorization-server"


def spec(operation: Operation) -> Iterable[Verdict]:
    """Look at the flows of the schemes that an operation takes."""
    schemes = {scheme.name: scheme for requirement in operation.security for scheme, _ in requirement.schemes}
    for scheme in schemes.values():
        for flow, place in scheme.flows:
            what = _UNSAFE.get(flow, "")
            yield Verdict(
                kept=not what,
                message=f"the scheme `{scheme.name}` offers {what or f'the flow {flow}'}",
                place=place,
                endpoints=(operation.endpoint,),
                cause=f"the flow at {place}",
            )


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Read the metadata of the authorization server (RFC 8414), where the API is one."""
    base = urlsplit(live.request.url)
    exchange = yield Request("GET", f"{base.scheme}://{base.netloc}{_METADATA}")
    if unstable(exchange):
        return ()
    metadata = _metadata(exchange)
    if not metadata:
        return (Verdict(True, "the API offers no grants of its own by metadata", strength=Strength.PROVEN),)
    offered = _offered(metadata)
    return (
        Verdict(
            kept=not offered,
            message=f"the metadata offers {', '.join(offered)}" if offered else "the metadata offers safe grants only",
            endpoints=(Endpoint("GET", _METADATA),),
            evidence=(evidence("the metadata", exchange),) if offered else (),
            strength=Strength.PROVEN,
            cause="the metadata of the authorization server",
        ),
    )


def _metadata(exchange: Exchange) -> Mapping[str, Any]:
    if not exchange.response or exchange.response.status != 200:
        return {}
    try:
        document = json.loads(exchange.response.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) and "issuer" in document else {}


def _offered(metadata: Mapping[str, Any]) -> list[str]:
    grants, types, methods = (
        _texts(metadata.get(name))
        for name in ("grant_types_supported", "response_types_supported", "code_challenge_methods_supported")
    )
    offered = [said for name, said in _UNSAFE.items() if name in grants]
    if "implicit" not in grants and any("token" in each.split() for each in types):
        offered.append("answers of the authorization endpoint with a token")
    if "plain" in methods:
        offered.append("PKCE with the method plain")
    return offered


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
