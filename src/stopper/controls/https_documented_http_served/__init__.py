"""The document says https and the API serves http, or the reverse.

## What is wrong

The specification's servers for this operation are https only, and the operation answers over plain HTTP all the same;
or the specification offers http alone and the API is served over https. It is judged per operation: one forgotten
virtual host or exempted route is enough.

## Why it matters

Clients that read the document believe that nothing they send crosses in clear. A token that did is lost the moment
it was sent, whatever the answer was (RFC 6750 section 5.2, CWE-319).

## Bad

    servers: [{url: https://api.shop.example}]
    $ curl http://api.shop.example/auth/login -d @credentials        # answers with a token

## Good

Refuse plain HTTP on every operation, without a redirect: `Guard(app)` does so.

## References

RFC 6750 sections 5.2 and 5.3; ASVS 5.0.0 12.2.1; OWASP API9:2023; CWE-319.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Place, Severity, Strength, Verdict, Witness
from stopper.observe.source.mending import refused_in_clear
from stopper.observe.views import EndpointView, Exchange, Purpose
from stopper.observe.wire.compare import succeeded
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import Rewrite

CONTROL = Control(
    id="BT610",
    name="https_documented_http_served",
    severity=Severity.HIGH,
    title="Documented over https, served over http",
    witnesses="J",
    requirements=("T14",),
    cwe=(319,),
    guard="respond.InsecureTransport",
)


_HONEST = frozenset({Purpose.CLEAR, Purpose.LOGIN, Purpose.RECORDED, Purpose.CALIBRATION})
"""Requests that do not claim to be what they are not: a probe with a forwarding header is BT107's."""


def joint(view: EndpointView) -> Iterable[Verdict]:
    """Hold the documented schemes of an operation against the scheme of what it answered.

    A relative server promises no scheme: it is wherever the document is, which plain HTTP serves as well.
    """
    servers = view.operation.servers if view.operation else ()
    documented = {server.scheme for server in servers if not server.relative}
    documented &= {"http", "https"}
    if not view.operation or not documented:
        return
    sensitive = view.operation.protected or view.operation.issues_token
    asked = [exchange for exchange in view.traffic if not exchange.request.secure and exchange.purpose in _HONEST]
    clear = [exchange for exchange in asked if _serves(exchange)]
    if documented == {"https"} and clear and sensitive:
        witnesses = (Witness.SPEC, *dict.fromkeys(exchange.witness for exchange in clear))
        yield Verdict(
            kept=False,
            message=f"the specification serves {view.endpoint} over https only, and it answers over plain HTTP",
            place=view.place,
            endpoints=(view.endpoint,),
            evidence=(evidence("answered over plain HTTP", clear[0]),),
            strength=Strength.PROVEN,
            cause="plain HTTP is served",
            witnesses=witnesses,
        )
    elif documented == {"https"} and asked and not clear:
        yield Verdict(True, f"{view.endpoint} is not served over plain HTTP", endpoints=(view.endpoint,))
    elif documented == {"http"}:
        yield from _upgraded(view)


def _upgraded(view: EndpointView) -> Iterable[Verdict]:
    """Judge the reverse: nothing is lost by it, but clients are told to use the way that is not safe; hence low."""
    served = [exchange for exchange in view.traffic if exchange.request.secure and succeeded(exchange)]
    if served and view.operation:
        yield Verdict(
            kept=False,
            message=f"the specification serves {view.endpoint} over http only, and it answers over https",
            place=view.operation.servers[0].place,
            endpoints=(view.endpoint,),
            evidence=(evidence("answered over https", served[0]),),
            strength=Strength.PROVEN,
            severity=Severity.LOW,
            witnesses=(Witness.SPEC, *dict.fromkeys(exchange.witness for exchange in served)),
        )


def _serves(exchange: Exchange) -> bool:
    """Tell whether the operation itself answered: with success, or by asking for a credential (401).

    A 403, a redirect or a closed port is how plain HTTP is turned away.
    """
    return succeeded(exchange) or (exchange.response is not None and exchange.response.status == 401)


# --------------------------------------------------------------------------- the repair


def fix(subject: object, place: Place) -> Rewrite | None:
    """Bring the guard in before all operations, where the finding is one of the application's own code."""
    return refused_in_clear(subject) if place.uri.endswith(".py") else None
