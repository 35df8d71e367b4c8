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

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Access, Exchange, Live, Operation, Parameter, Purpose, Request, Scheme
from stopper.observe.wire.compare import alike, succeeded
from stopper.observe.wire.evidence import evidence
from stopper.secret import recognise

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


_TRIED = ("access_token", "token", "auth_token", "jwt")
"""Query parameters that are tried together: RFC 6750 section 2.3 names the first, the field uses the others."""


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look for a credential in the query of recorded traffic that was answered with success."""
    if exchange.purpose is not Purpose.RECORDED or not exchange.endpoint or not succeeded(exchange):
        return
    for name, value in parse_qsl(urlsplit(exchange.request.url).query):
        if name.replace("-", "_").lower() in _CREDENTIALS or any(match.kind == "jwt" for match in recognise(value)):
            yield _accepted(exchange, f"`{name}`", Strength.PROVEN)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Present the working token in the query instead of the header, under all usual names at once."""
    if not live.credential or live.baseline.access is not Access.GUARDED:
        return ()
    exchange = yield _in_query(live, _TRIED)
    if not _let_in(exchange, live):
        message = f"{live.endpoint} does not take the token from the query"
        return (Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN),)
    for name in _TRIED:
        exchange = yield _in_query(live, (name,))
        if _let_in(exchange, live):
            return (_accepted(exchange, f"`?{name}=`", Strength.PROVEN),)
    return ()


def _in_query(live: Live, names: Sequence[str]) -> Request:
    token = live.credential.token.reveal() if live.credential else ""
    joint = "&" if urlsplit(live.request.url).query else "?"
    return replace(live.request, url=live.request.url + joint + urlencode([(name, token) for name in names]))


def _let_in(exchange: Exchange, live: Live) -> bool:
    return alike(exchange, live.baseline.original) and not alike(exchange, live.baseline.nothing)


def _accepted(exchange: Exchange, where: str, strength: Strength) -> Verdict:
    return Verdict(
        kept=False,
        message=f"{exchange.endpoint} takes the token from the query ({where})",
        endpoints=(exchange.endpoint,) if exchange.endpoint else (),
        evidence=(evidence("let in by a token in the URL", exchange),),
        strength=strength,
        cause="a token in the query",
    )
