"""A token travels in the URL.

## What is wrong

The API takes a credential from the query string: the specification declares an API key `in: query` or a parameter such
as `access_token`, the code reads it there, or the running API lets such a request in.

## Why it matters

URLs are written down: in the access logs of every server and proxy on the way, in browser histories, in `Referer`
headers, in bookmarks and in chat. Whoever reads one of them holds the token. Clients must not pass access tokens in a
query parameter (RFC 9700 section 4.3.2).

## Bad

    components:
      securitySchemes:
        token: {type: apiKey, in: query, name: access_token}

    token = request.args.get("access_token")

## Good

    components:
      securitySchemes:
        token: {type: http, scheme: bearer}

The guard reads the `Authorization` header and nothing else.

## References

RFC 6750 sections 2.3 and 5.3; RFC 9700 section 4.3.2; OWASP ASVS 5.0 14.2.1; CWE-598.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Operation, Parameter, Scheme

CONTROL = Control(
    id="BT306",
    name="token_in_url",
    severity=Severity.HIGH,
    title="A token in the URL",
    witnesses="P W C S",
    requirements=("B01", "B15"),
    labels=("token_in_query",),
    cwe=(598,),
    guard="present.bearer",
)

_CREDENTIALS = frozenset(("access_token", "accesstoken", "auth_token", "authtoken", "bearer_token", "id_token", "jwt"))
_PERHAPS = "token"


def spec(operation: Operation) -> Iterable[Verdict]:
    """Look for credentials declared in the query; a bearer scheme without any is the promise kept."""
    broken = [*_in_schemes(operation), *_in_parameters(operation)]
    yield from broken
    if not broken and operation.bearer:
        yield Verdict(
            kept=True,
            message=f"{operation.endpoint} declares its token in a header and none in the query",
            place=operation.security_place,
            endpoints=(operation.endpoint,),
        )


def _in_schemes(operation: Operation) -> Iterator[Verdict]:
    schemes = {scheme.name: scheme for requirement in operation.security for scheme, _ in requirement.schemes}
    for scheme in schemes.values():
        if scheme.kind == "apiKey" and scheme.location == "query":
            yield _scheme_broken(operation, scheme)


def _scheme_broken(operation: Operation, scheme: Scheme) -> Verdict:
    return Verdict(
        kept=False,
        message=f"{operation.endpoint} takes its credential from the query parameter `{scheme.parameter}`",
        place=scheme.place,
        endpoints=(operation.endpoint,),
        cause=f"scheme at {scheme.place}:{scheme.place.column}",
    )


def _in_parameters(operation: Operation) -> Iterator[Verdict]:
    """Yield a verdict for each query parameter that is a credential by its name.

    `token` alone is often a page or a one-time link: it only supports what another witness shows.
    """
    for parameter in operation.parameters:
        name = parameter.name.replace("-", "_").lower()
        if parameter.location == "query" and (name in _CREDENTIALS or name == _PERHAPS):
            strength = Strength.SUPPORTING if name == _PERHAPS and not _jwt(parameter) else Strength.CLAIMED
            yield Verdict(
                kept=False,
                message=f"{operation.endpoint} declares a credential in the query: `{parameter.name}`",
                place=parameter.place,
                endpoints=(operation.endpoint,),
                strength=strength,
            )


def _jwt(parameter: Parameter) -> bool:
    return parameter.format.lower() in ("jwt", "bearer")
