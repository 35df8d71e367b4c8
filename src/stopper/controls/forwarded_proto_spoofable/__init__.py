"""Any client can claim that it came over TLS.

## What is wrong

The application decides by `X-Forwarded-Proto` (or a header like it) whether a request was secure, and believes it from
anybody: not only from the proxy that is meant to set it.

## Why it matters

A client, or somebody on the path, adds one header and plain HTTP passes for https: the refusal is gone, secure cookies
are set, and tokens are taken and given in clear. Behind a proxy the header is only as good as the proxy's habit of
overwriting it; in front of none it is the attacker's to write (ASVS 5.0.0 4.1.3, CWE-348).

## Bad

    if request.headers.get("X-Forwarded-Proto", "http") != "https":
        abort(403)

    app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)    # reachable without the proxy

## Good

    app.config["STOPPER_TRUSTED_PROXIES"] = ["10.0.0.5"]
    guard = Guard(app)      # the header counts from that peer alone

## References

ASVS 5.0.0 4.1.3; RFC 7239 section 8.1; RFC 9700 section 4.13; CWE-348.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from stopper.model import Control, Scope, Severity, Strength, Verdict, Witness
from stopper.observe.views import Exchange, Live, Request
from stopper.observe.wire.compare import alike
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT107",
    name="forwarded_proto_spoofable",
    severity=Severity.HIGH,
    title="Any client can claim to have come over TLS",
    witnesses="C S A",
    requirements=("T06",),
    cwe=(290, 348),
    guard="transport.channel",
    scope=Scope.APPLICATION,
)

_CLAIMS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("X-Forwarded-Proto", "https"),),
    (
        ("Forwarded", "proto=https"),
        ("X-Forwarded-Protocol", "https"),
        ("X-Forwarded-Scheme", "https"),
        ("X-Forwarded-Ssl", "on"),
        ("X-Url-Scheme", "https"),
        ("Front-End-Https", "on"),
    ),
)
"""The header that nearly everybody reads, then the others together."""


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Ask over plain HTTP without a credential, bare and with the claim; the claim must change nothing.

    Nothing is said where plain HTTP is served as https is: there is no refusal that a claim could lift.
    """
    if not live.clear:
        return ()
    bare = yield live.clear
    if alike(bare, live.baseline.nothing) or not bare.response:
        return ()
    for headers in _CLAIMS:
        claimed = yield live.clear.with_headers(*headers)
        if alike(claimed, live.baseline.nothing) and not alike(claimed, bare):
            return (_believed(live, bare, claimed, headers),)
    message = f"{live.endpoint} does not believe a client's claim to have come over TLS"
    return (Verdict(True, message, endpoints=(live.endpoint,), strength=_strength(live)),)


def _believed(live: Live, bare: Exchange, claimed: Exchange, headers: tuple[tuple[str, str], ...]) -> Verdict:
    names = ", ".join(name for name, _ in headers)
    return Verdict(
        kept=False,
        message=f"{live.endpoint} takes plain HTTP for https when the client says so ({names})",
        endpoints=(live.endpoint,),
        evidence=(evidence("refused, then served by one header", bare, claimed),),
        strength=_strength(live),
        cause="the forwarding header is believed",
    )


def _strength(live: Live) -> Strength:
    """Over loopback the server may believe its peer by default (gunicorn does): only support for another witness."""
    return Strength.SUPPORTING if live.loopback and live.witness is Witness.WIRE else Strength.PROVEN
