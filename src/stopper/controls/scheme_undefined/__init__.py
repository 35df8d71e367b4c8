"""An operation demands a security scheme that does not say how to be let in.

## What is wrong

A requirement names a scheme that the document does not define, or whose definition says nothing a program can use: a
type that this version of the format does not know, or a missing member without which the type means nothing. Weaker,
but of the same kind: a bearer token written as `apiKey` where the format has a word for it.

## Why it matters

Gateways, generated servers and generated clients take their checks from this document. What they do not understand they
mostly leave out, so that an operation that reads as protected is served open. A bearer token called an API key is sent
without its scheme, or is looked for by tools in the wrong place.

## Bad

    security: [{bearerAuth: []}]
    components:
      securitySchemes:
        BearerAuth: {type: http}

## Good

    security: [{bearerAuth: []}]
    components:
      securitySchemes:
        bearerAuth: {type: http, scheme: bearer}

## References

OpenAPI 3.1 "Security Requirement Object" and "Security Scheme Object"; Swagger 2.0 "Security Scheme Object";
RFC 6750 section 2.1; CWE-1059.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity, Verdict
from stopper.observe.views import Operation, Scheme

CONTROL = Control(
    id="BT603",
    name="scheme_undefined",
    severity=Severity.MEDIUM,
    title="A security scheme that says nothing",
    witnesses="P",
    requirements=("B17",),
    cwe=(1059,),
    guard="Guard.openapi",
)


def spec(operation: Operation) -> Iterable[Verdict]:
    """Look at how each scheme that an operation takes is defined."""
    schemes = {scheme.name: scheme for requirement in operation.security for scheme, _ in requirement.schemes}
    for scheme in schemes.values():
        wrong = _wrong(scheme)
        as_key = not wrong and _bearer_as_key(scheme)
        yield Verdict(
            kept=not (wrong or as_key),
            message=f"the scheme `{scheme.name}` {wrong or _AS_KEY if wrong or as_key else 'is defined'}",
            place=scheme.place,
            endpoints=(operation.endpoint,),
            cause=f"the scheme at {scheme.place}:{scheme.place.column}",
            severity=Severity.LOW if as_key else None,
        )


_AS_KEY = "is an API key in the Authorization header, where `type: http` names the way it is presented"


def _wrong(scheme: Scheme) -> str:
    """Return what keeps a definition from saying how to be let in, or an empty text."""
    if scheme.kind == "undefined" and not scheme.type:
        return "is not defined"
    if scheme.kind == "undefined":
        return "has a type that no version of the format knows"
    if scheme.missing:
        return f"lacks `{scheme.missing}`, without which its type says nothing"
    if scheme.version == "2.0" and scheme.type not in ("basic", "apiKey", "oauth2"):
        return "has a type that Swagger 2.0 does not know"
    if scheme.version.startswith("3.") and scheme.type in ("basic", "bearer"):
        return "has a type that OpenAPI 3 does not know"
    return ""


def _bearer_as_key(scheme: Scheme) -> bool:
    """Tell whether a bearer token is written as an API key; Swagger 2.0 has no other way to write it."""
    return scheme.kind == "apiKey" and scheme.bearer and scheme.version.startswith("3.")
