"""Nothing limits how often passwords are tried at a token endpoint.

## What is wrong

An endpoint that gives a token for a password answers as often and as fast as it is asked.

## Why it matters

Lists with millions of passwords that people use elsewhere are tried by machines, one for each user, until a token comes
back; and each try costs the API a slow hash (OWASP API2:2023 and API4:2023, ASVS 5.0.0 6.3.1, CWE-307).

A proxy in front may count the tries, which the source does not show: what it says stands beside what an exchange shows,
and is no finding of its own. Over the wire wrong passwords are tried only on a throw-away identity, as often as the
user allowed (`tries`), one after another; a limit above that number is not seen, and the finding says the number.

## Bad

    @app.post("/login")
    def login(): ...

## Good

    @app.post("/login")
    @limiter.limit("5 per minute")
    def login(): ...

## References

RFC 6585 section 4; RFC 6749 section 10.10; OWASP API2:2023, API4:2023; ASVS 5.0.0 6.3.1; CWE-307, CWE-799.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from urllib.parse import urlsplit

from stopper.controls.token_endpoint_unthrottled.issuing import counts_tries, limited, token_endpoints
from stopper.model import Control, Endpoint, Scope, Severity, Strength, Verdict
from stopper.observe.source import Module
from stopper.observe.views import Credential, Exchange, Live, NotAskedError, Request
from stopper.observe.wire.compare import alike, answer_in_words, refused
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT424",
    name="token_endpoint_unthrottled",
    severity=Severity.MEDIUM,
    title="Nothing limits how often passwords are tried at a token endpoint",
    witnesses="C S",
    requirements=("B18",),
    cwe=(307, 799),
    scope=Scope.IDENTITY,
)

_FEWEST = 5
"""Tries below which no limit is expected: people mistype."""

_TOO_MANY = 429
_SLOWER = 2.0
"""Seconds by which the last answers are later than the first where tries are slowed down."""

_SPEAKS = ("token", "jwt")


def source(module: Module) -> Iterable[Verdict]:
    """Look at every route that gives a token for a password, in a program that nowhere speaks of limits.

    Where it does speak of them, only a route that is limited by its decorator is told of.
    """
    if not module.mentions(*_SPEAKS):
        return
    for route, view in token_endpoints(module):
        if limited(view):
            yield Verdict(True, f"`{route.name}` limits how often it is asked", route.place, route.endpoints)
        elif not counts_tries(module.project):
            yield Verdict(
                kept=False,
                message=f"`{route.name}` gives tokens for passwords, and nothing in the program limits how often",
                place=route.place,
                endpoints=route.endpoints,
                strength=Strength.SUPPORTING,
            )


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Try wrong passwords on the throw-away identity as often as the user allowed, then the right one."""
    given = live.throwaway
    if given is None or given.tries < _FEWEST:
        raise NotAskedError(f"nobody allowed wrong passwords to be tried (`tries = {_FEWEST}` or more)")
    if given.wrong is None:
        raise NotAskedError("the login of the throw-away identity has no password that could be wrong")
    first = last = yield given.wrong()
    if not refused(first):
        raise NotAskedError(f"a wrong password is not refused: {answer_in_words(first)}")
    for number in range(2, given.tries + 1):
        last = yield given.wrong()
        how = _limited(first, last)
        if how:
            return (_verdict(True, f"after {number - 1} wrong passwords {how}", last, ()),)
    right = yield given.login
    if not isinstance(given.read(right), Credential):
        how = f"the right one is not taken either ({answer_in_words(right)})"
        return (_verdict(True, f"after {given.tries} wrong passwords {how}", last, ()),)
    message = (
        f"{given.tries} wrong passwords in a row are answered alike, and the right one is taken at once after them"
    )
    return (_verdict(False, message, last, (first, last, right)),)


def _limited(first: Exchange, last: Exchange) -> str:
    """Return how the API keeps off who tries too often, an empty text where it does not.

    RFC 6585 section 4 gives 429 and Retry-After; others lock the account, answer otherwise or later, or hang up.
    """
    if last.response is None:
        return f"there is no answer any more ({last.error})"
    if last.response.status == _TOO_MANY or last.response.header("Retry-After"):
        return "it says to wait"
    if not alike(first, last):
        return f"it answers otherwise ({answer_in_words(last)})"
    waited = last.response.seconds - (first.response.seconds if first.response else 0.0)
    return "it answers later each time" if waited > _SLOWER else ""


def _verdict(kept: bool, message: str, last: Exchange, shown: Sequence[Exchange]) -> Verdict:
    endpoint = last.endpoint or Endpoint(last.request.method, urlsplit(last.request.url).path)
    return Verdict(
        kept=kept,
        message=f"{endpoint}: {message}",
        endpoints=(endpoint,),
        evidence=(evidence("the first wrong password, the last one, and the right one", *shown),) if shown else (),
        strength=Strength.PROVEN,
    )
