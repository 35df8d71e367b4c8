"""The same operation, written otherwise, answers without a credential.

## What is wrong

The check of credentials compares the path as it was sent, and the router reads it more kindly: with another case, a
slash more, a dot segment, a percent-encoded letter.

## Why it matters

Whoever writes `/Orders` or `//orders` is served what `/orders` refuses (OWASP API2:2023, CWE-288, CWE-289).

## Bad

    @app.before_request
    def check():
        if request.path.startswith("/orders"):
            authenticate()

## Good

    @app.before_request
    def check():
        if request.endpoint not in PUBLIC:
            authenticate()

Decide by what will be called, and let nothing through by default.

## References

RFC 3986 section 6.2; OWASP API2:2023; CWE-288, CWE-289, CWE-647.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Access, Exchange, Live, Request
from stopper.observe.wire.compare import let_in, unstable
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT422",
    name="path_bypass",
    severity=Severity.HIGH,
    title="The same path, written otherwise, needs no credential",
    witnesses="C A",
    requirements=("V38",),
    cwe=(288, 289, 647),
    implied_by=("BT401", "BT601"),
)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Ask for a guarded operation under other spellings of its path, without a credential.

    A spelling gets past only where it is answered as the credential is, twice.
    """
    if not live.thorough or live.baseline.access is not Access.GUARDED or not live.baseline.original:
        return ()
    parts = urlsplit(live.request.url)
    for label, path in _spellings(parts.path):
        request = replace(live.request, url=urlunsplit(parts._replace(path=path)))
        exchange = yield request
        if unstable(exchange):
            return ()
        if let_in(exchange, live.baseline) and let_in((yield request), live.baseline):
            return (_broken(live, label, exchange),)
    message = f"{live.endpoint} asks for a credential however its path is written"
    return (Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN),)


def _spellings(path: str) -> Iterator[tuple[str, str]]:
    folder, _, last = path.rstrip("/").rpartition("/")
    yield ("a slash less", path.rstrip("/")) if path.endswith("/") else ("a slash more", f"{path}/")
    if last.swapcase() != last:
        yield "another case", f"{folder}/{last.upper() if last.upper() != last else last.lower()}"
    if last:
        yield "a percent-encoded letter", f"{folder}/%{ord(last[0]):02x}{last[1:]}"
    yield "a dot segment", f"{folder}/./{last}"
    yield "a doubled slash", f"/{path}"


def _broken(live: Live, label: str, exchange: Exchange) -> Verdict:
    return Verdict(
        kept=False,
        message=f"{live.endpoint} refuses a caller without a credential, but not with {label} in its path",
        endpoints=(live.endpoint,),
        evidence=(evidence(f"let in with {label}", live.baseline.nothing, exchange),),
        strength=Strength.PROVEN,
        cause="the credential check looks at the path",
    )
