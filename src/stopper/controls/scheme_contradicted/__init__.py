"""The API takes another kind of credential than the specification names.

## What is wrong

The document calls the token a JWT and the API works with an opaque one; or no scheme of the operation is answered by a
bearer token, and one is let in; or the API's challenge asks for another scheme than any that the document names.

## Why it matters

Gateways and generated clients check and send what the document says: a gateway that expects a JWT refuses every real
token or is switched off, and a way in that is not described is not reviewed, limited or monitored.

## Bad

    securitySchemes:
      session: {type: http, scheme: bearer, bearerFormat: JWT}

    {"access_token": "shop_c2VjcmV0…"}        # opaque

## Good

    securitySchemes:
      session: {type: http, scheme: bearer, bearerFormat: opaque}

## References

OpenAPI 3.1 "Security Scheme Object"; RFC 6750 section 3; RFC 9110 section 11.6.1; CWE-1059.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from stopper.model import Control, Severity, Strength, Verdict, Witness
from stopper.observe.views import Access, Baseline, EndpointView, Exchange, Operation, Scheme
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.jwt import parse

CONTROL = Control(
    id="BT609",
    name="scheme_contradicted",
    severity=Severity.MEDIUM,
    title="Another credential is taken than the one that is described",
    witnesses="J",
    requirements=("B01", "B17"),
    cwe=(1059,),
    guard="Guard.openapi",
)

_HTTP_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][\w-]*)(?=\s|,|$)")
_NAMES = {"bearer": frozenset(("bearer", "dpop")), "basic": frozenset(("basic",))}


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold the credential that works, and the challenge, against the schemes that the operation names."""
    operation = view.operation
    if not operation or not operation.protected:
        return
    for baseline in view.baselines:
        if baseline.access is Access.GUARDED:
            yield from _presented(view, operation, baseline)
            yield from _challenged(view, operation, baseline)


def _presented(view: EndpointView, operation: Operation, baseline: Baseline) -> Iterator[Verdict]:
    """Judge the credential that was let in where nothing and a random one are refused."""
    token = _bearer(baseline.original)
    if token is None or baseline.original is None:
        return
    takers = [scheme for scheme in _schemes(operation) if scheme.bearer]
    if not takers:
        message = f"{view.endpoint} lets a bearer token in, and the specification names no scheme for one"
        yield _verdict(view, operation, baseline, baseline.original, message)
    elif all(scheme.bearer_format.upper() == "JWT" for scheme in takers) and parse(token) is None:
        message = f"{view.endpoint} works with an opaque token, and the specification calls it a JWT"
        yield _verdict(view, operation, baseline, baseline.original, message, f"the scheme at {takers[0].place}")
    else:
        message = f"{view.endpoint} takes the kind of token that the specification names"
        yield Verdict(True, message, endpoints=(view.endpoint,), strength=Strength.PROVEN, witnesses=_both(baseline))


def _challenged(view: EndpointView, operation: Operation, baseline: Baseline) -> Iterator[Verdict]:
    """Judge the scheme of the challenge where the operation names HTTP schemes alone."""
    schemes = _schemes(operation)
    exchange = baseline.nothing
    if exchange is None or exchange.response is None or not all(_http(scheme) for scheme in schemes):
        return
    named = frozenset[str]().union(*(_NAMES["basic" if scheme.kind == "basic" else "bearer"] for scheme in schemes))
    written = exchange.response.all_headers("WWW-Authenticate")
    asked = {name.lower() for each in written for name in _HTTP_SCHEME.findall(_without_quoted(each))}
    if asked and asked.isdisjoint(named):
        message = f"{view.endpoint} asks for {_listed(asked)}, and the specification names {_listed(named)}"
        yield _verdict(view, operation, baseline, exchange, message)


def _http(scheme: Scheme) -> bool:
    return scheme.kind == "basic" or (scheme.bearer and scheme.kind != "apiKey")


def _without_quoted(challenge: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"', "", challenge)


def _listed(names: Iterable[str]) -> str:
    return " or ".join(sorted(name.capitalize() for name in names))


def _schemes(operation: Operation) -> list[Scheme]:
    return [scheme for requirement in operation.security for scheme, _ in requirement.schemes]


def _bearer(exchange: Exchange | None) -> str | None:
    """Return the bearer token that a request presented, in clear: not for a report."""
    presented = (exchange.request.header("Authorization") or "") if exchange else ""
    scheme, _, token = presented.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _both(baseline: Baseline) -> tuple[Witness, ...]:
    return (Witness.SPEC, baseline.witness)


def _verdict(
    view: EndpointView, operation: Operation, baseline: Baseline, exchange: Exchange, message: str, cause: str = ""
) -> Verdict:
    return Verdict(
        kept=False,
        message=message,
        place=operation.security_place,
        endpoints=(view.endpoint,),
        evidence=(evidence("the exchange", exchange),),
        strength=Strength.PROVEN,
        cause=cause or f"the requirement at {operation.security_place}",
        witnesses=_both(baseline),
    )
