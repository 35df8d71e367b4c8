"""The scopes that the specification, the code and the API's answers name are not the same.

## What is wrong

The document demands scopes of a caller, and the guard in the code or the API's own challenge demands others.

## Why it matters

A client asks its user for the scopes that the document names. Where the code asks for less, a token that was given for
something else opens the operation (OWASP API5:2023); where it asks for more or for others, clients collect all scopes
to be safe, and every token can do everything.

## Bad

    security: [{oauth: [orders:write]}]

    @guard.require("orders:read")
    def create_order(): ...

## Good

    security: [{oauth: [orders:write]}]

    @guard.require("orders:write")
    def create_order(): ...

## References

RFC 6749 section 3.3; RFC 6750 section 3; OpenAPI 3.1 "Security Requirement Object"; OWASP API Security Top 10 2023,
API5; CWE-863.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from stopper.model import Control, Severity, Strength, Verdict, Witness
from stopper.observe.views import EndpointView, Exchange, Operation
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT611",
    name="scope_contradicted",
    severity=Severity.MEDIUM,
    title="Scopes that contradict each other",
    witnesses="J",
    requirements=("V32",),
    cwe=(863,),
    guard="Guard.openapi",
)

Scopes = frozenset[str]

_SCOPE = re.compile(r'\bscope="([^"\\]*)"', re.IGNORECASE)


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold the promised alternatives against the scopes of the guards, and of answers that ask for a scope."""
    promised = _promised(view.operation) if view.operation else ()
    if not promised:
        return
    if view.route and view.route.guarded:
        demanded = Scopes(scope for guard in view.route.guards for scope in guard.scopes)
        if demanded:
            yield _in_code(view, promised, demanded)
    yield from _in_answers(view, promised)


def _promised(operation: Operation) -> tuple[Scopes, ...]:
    """Return the scopes of each alternative that takes a bearer token; none where no alternative names any."""
    found = tuple(
        Scopes(scope for scheme, scopes in requirement.schemes if scheme.bearer for scope in scopes)
        for requirement in operation.security
        if requirement.bearer
    )
    return found if operation.protected and any(found) else ()


def _in_code(view: EndpointView, promised: tuple[Scopes, ...], demanded: Scopes) -> Verdict:
    kept = demanded in promised
    place = view.route.place if view.route else None
    message = f"{view.endpoint} demands the scopes that the specification names"
    if not kept:
        message = f"the specification demands {_listed(promised)} of {view.endpoint}, the code {_told(demanded)}"
    return Verdict(kept, message, place, (view.endpoint,), witnesses=(Witness.SPEC, Witness.SOURCE))


def _in_answers(view: EndpointView, promised: tuple[Scopes, ...]) -> Iterator[Verdict]:
    for exchange in view.traffic:
        demanded = _asked(exchange)
        if not demanded:
            continue
        # RFC 6750 section 3: the scope that is needed for what was asked.
        kept = demanded in promised
        message = f"{view.endpoint} asks for the scopes that the specification names"
        if not kept:
            message = f"the specification demands {_listed(promised)} of {view.endpoint}, its answer {_told(demanded)}"
        yield Verdict(
            kept=kept,
            message=message,
            place=view.operation.security_place if view.operation and not kept else None,
            endpoints=(view.endpoint,),
            evidence=() if kept else (evidence("the scope that is asked for", exchange),),
            strength=Strength.PROVEN,
            witnesses=(Witness.SPEC, exchange.witness),
        )


def _asked(exchange: Exchange) -> Scopes:
    response = exchange.response
    if response is None or response.status not in (401, 403):
        return Scopes()
    found = (match for header in response.all_headers("WWW-Authenticate") for match in _SCOPE.findall(header))
    return Scopes(scope for words in found for scope in words.split())


def _listed(promised: tuple[Scopes, ...]) -> str:
    return " or ".join(_told(scopes) for scopes in promised)


def _told(scopes: Scopes) -> str:
    return ", ".join(f"`{scope}`" for scope in sorted(scopes)) or "no scope"
