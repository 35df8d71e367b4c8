"""An API operation answers plain HTTP with a redirect to https.

## What is wrong

Called over plain HTTP, the operation does not refuse: it sends the client on to https, and the client follows.

## Why it matters

When the redirect arrives the token has already crossed the network in clear, and nobody notices: the call succeeds.
A refusal breaks the wrong client at its first call, in development; a redirect lets it leak for years. Browser pages
may be redirected, operations of an API must not be (ASVS 5.0.0 4.1.2).

## Bad

    @app.before_request
    def to_https():
        if not request.is_secure:
            return redirect(request.url.replace("http://", "https://"))

## Good

    guard = Guard(app)      # 403 over plain HTTP, no redirect

## References

ASVS 5.0.0 4.1.2; RFC 6750 section 5.3; RFC 9700 section 4.12; CWE-319.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Exchange
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT103",
    name="http_redirected",
    severity=Severity.MEDIUM,
    title="Plain HTTP is redirected instead of refused",
    witnesses="W S A",
    requirements=("T02",),
    cwe=(319,),
    guard="respond.InsecureTransport",
)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at what a known operation answers to plain HTTP: on to https is broken, a refusal is kept."""
    response, endpoint = exchange.response, exchange.endpoint
    if exchange.request.secure or not response or not endpoint:
        return
    location = urljoin(exchange.request.url, response.header("Location") or "")
    if response.status in _REDIRECTS and _same_over_tls(exchange.request.url, location):
        yield Verdict(
            kept=False,
            message=f"{endpoint} answers plain HTTP with a redirect to https",
            endpoints=(endpoint,),
            evidence=(evidence("redirected instead of refused", exchange),),
            strength=Strength.PROVEN,
            cause="the way plain HTTP is answered",
        )
    elif response.status == 403:
        message = f"{endpoint} refuses plain HTTP"
        yield Verdict(True, message, endpoints=(endpoint,), strength=Strength.PROVEN)


def _same_over_tls(asked: str, location: str) -> bool:
    """Tell whether a redirect only changes the scheme (and port): elsewhere, it is the application's own business."""
    here, there = urlsplit(asked), urlsplit(location)
    same = (here.hostname, here.path.rstrip("/")) == (there.hostname, there.path.rstrip("/"))
    return there.scheme == "https" and same
