"""A credential works over plain HTTP.

## What is wrong

The operation answers a caller with a good token although the request came without TLS.

## Why it matters

Whoever is on the way reads the token and uses it. A client that forgot the `s` works, so that nobody notices
(RFC 6750 section 5.3, ASVS 5.0.0 12.2.1, CWE-319).

## Bad

    app.run(host="0.0.0.0", port=80)

## Good

    Guard(app)

Refuse what did not arrive over TLS, and treat a token that came without it as known to others.

## References

RFC 6750 sections 5.2 and 5.3; ASVS 5.0.0 12.2.1 and 4.1.2; CWE-319.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from stopper.model import Control, Place, Scope, Severity, Strength, Verdict
from stopper.observe.source.mending import refused_in_clear
from stopper.observe.views import Access, Exchange, Live, Request
from stopper.observe.wire.compare import alike, unstable
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import Rewrite

CONTROL = Control(
    id="BT102",
    name="token_accepted_over_http",
    severity=Severity.CRITICAL,
    title="A token is accepted over plain HTTP",
    witnesses="C A",
    requirements=("T01", "T03"),
    cwe=(319,),
    implied_by=("BT101",),
    scope=Scope.OPERATION,
)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Present the token in clear, where that may be risked and the operation answers plain HTTP as it does HTTPS.

    One that refuses, redirects or does not listen is sent no token at all.
    """
    credential, silent = live.expendable, live.clear_nothing
    if not live.clear or not live.credential or live.baseline.access is not Access.GUARDED or unstable(silent):
        return ()
    if not alike(silent, live.baseline.nothing):
        message = f"{live.endpoint} does not answer plain HTTP as it does HTTPS"
        return (Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN),)
    if not credential:
        return ()
    request = live.clear.with_headers(*credential.headers())
    exchange = yield request
    if not alike(exchange, live.baseline.original) or alike(exchange, silent):
        return ()
    return (
        Verdict(
            kept=False,
            message=f"{live.endpoint} accepts a token over plain HTTP",
            endpoints=(live.endpoint,),
            evidence=(evidence("let in over plain HTTP", silent, exchange),),
            strength=Strength.PROVEN,
            cause="plain HTTP is served",
        ),
    )


# --------------------------------------------------------------------------- the repair


def fix(subject: object, place: Place) -> Rewrite | None:
    """Bring the guard in before all operations, where the finding is one of the application's own code."""
    return refused_in_clear(subject) if place.uri.endswith(".py") else None
