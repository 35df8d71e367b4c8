"""The Authorization header is parsed loosely.

## What is wrong

The API finds its token in headers that are no bearer credentials: without a scheme, with another scheme, with two
values, with a TAB for a space. Or it refuses `bearer` because it compares the scheme's case.

## Why it matters

What one component reads and another does not is where requests slip through: a proxy that checks `Bearer` lets another
scheme pass, a log filter that looks for it does not hide the token, and of two tokens in a list each side may check a
different one (RFC 6750 section 2, CWE-436). Schemes are compared without case (RFC 9110 section 11.1): strictness
there breaks right clients.

## Bad

    token = request.headers["Authorization"].replace("Bearer ", "")

## Good

    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not B64TOKEN.fullmatch(token):
        refuse()

The guard accepts one header, one scheme, and the grammar of RFC 6750 section 2.1.

## References

RFC 6750 sections 2 and 2.1; RFC 9110 sections 11.1 and 11.4; CWE-436, CWE-1286.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Access, Exchange, Live, Request
from stopper.observe.wire.compare import alike, refused
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT416",
    name="header_parsed_loosely",
    severity=Severity.HIGH,
    title="The Authorization header is parsed loosely",
    witnesses="C S A",
    requirements=("B02", "B03", "B04"),
    labels=("header_parse",),
    cwe=(436, 1286),
    implied_by=("BT402",),
    guard="present.bearer",
)


def _loose(token: str) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Yield headers that a right API refuses, each with its description; the token in them is good."""
    name = "Authorization"
    yield "no scheme", ((name, token),)
    yield "an unknown scheme", ((name, f"Stopper {token}"),)
    yield "two headers", ((name, f"Bearer {token}"), (name, "Bearer another"))
    yield "a TAB after the scheme", ((name, f"Bearer\t{token}"),)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Present the working token in wrong headers, which must be refused, and as `bearer`, which must not."""
    credential = live.credential
    if not credential or live.baseline.access is not Access.GUARDED or not _is_bearer(live):
        return ()
    token = credential.token.reveal()
    accepted: list[tuple[str, Exchange]] = []
    for label, headers in _loose(token):
        exchange = yield live.request.with_headers(*headers)
        if _let_in(exchange, live):
            accepted.append((label, exchange))
    lower = yield live.request.with_headers(("Authorization", f"bearer {token}"))
    case_matters = refused(lower) and not _let_in(lower, live)
    if not accepted and not case_matters:
        message = f"{live.endpoint} reads the Authorization header as it is defined"
        return (Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN),)
    return (_broken(live, accepted, lower if case_matters else None),)


def _is_bearer(live: Live) -> bool:
    return bool(live.credential and live.credential.header == "Authorization" and live.credential.scheme == "Bearer")


def _let_in(exchange: Exchange, live: Live) -> bool:
    return alike(exchange, live.baseline.original) and not alike(exchange, live.baseline.nothing)


def _broken(live: Live, accepted: Sequence[tuple[str, Exchange]], lower: Exchange | None) -> Verdict:
    """Say what was let in wrongly and what was turned away; refusing `bearer` alone opens nothing, hence low."""
    said = []
    if accepted:
        said.append(f"takes the token from a header with {', '.join(label for label, _ in accepted)}")
    if lower:
        said.append("refuses the scheme written `bearer`, although schemes are compared without case")
    title = f"let in with {accepted[0][0]}" if accepted else "refused for its spelling"
    return Verdict(
        kept=False,
        message=f"{live.endpoint} {' and '.join(said)}",
        endpoints=(live.endpoint,),
        evidence=(evidence(title, live.baseline.nothing, accepted[0][1] if accepted else lower),),
        strength=Strength.PROVEN,
        cause="the way the header is read" if accepted else "the scheme's case",
        severity=None if accepted else Severity.LOW,
    )
