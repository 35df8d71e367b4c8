"""A token that is bound to its holder's key works for anybody.

## What is wrong

The token says by `cnf` that it belongs to the holder of a key (DPoP) or of a client certificate (mTLS), and the API
accepts it as a plain bearer token, without any proof.

## Why it matters

The binding is there so that a stolen token is worth nothing. An API that does not ask for the proof gives that away
without anybody noticing (RFC 9449 section 7.2, RFC 8705 section 3, CWE-294).

## Bad

    claims = jwt.decode(token, key, algorithms=["ES256"])

## Good

    if "cnf" in claims and not proven(request, claims["cnf"]):
        refuse()

## References

RFC 9449 sections 6.1 and 7.2; RFC 8705 section 3; RFC 7800 section 3.1; CWE-294.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Access, Exchange, Live, Request
from stopper.observe.wire.compare import let_in
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT428",
    name="sender_constraint_dropped",
    severity=Severity.HIGH,
    title="A token bound to a key works without it",
    witnesses="C",
    requirements=("S18", "S19"),
    cwe=(294,),
    implied_by=("BT402", "BT403"),
)

_CONFIRMATIONS = {"jkt": "a DPoP key", "x5t#S256": "a client certificate"}


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Present a bound token as `Bearer` and without a proof: the scan has none of its holder's keys to prove with."""
    jwt = live.credential.jwt if live.credential else None
    bound = jwt.claims.get("cnf") if jwt else None
    if not live.credential or not isinstance(bound, dict) or live.baseline.access is not Access.GUARDED:
        return ()
    to_what = next((words for name, words in _CONFIRMATIONS.items() if name in bound), "")
    if not to_what:
        return ()
    request = live.request.with_headers(("Authorization", f"Bearer {live.credential.token.reveal()}"))
    exchange = yield request
    if not let_in(exchange, live.baseline) or not let_in((yield request), live.baseline):
        return ()
    return (
        Verdict(
            kept=False,
            message=f"{live.endpoint} accepts a token that is bound to {to_what} without a proof of it",
            endpoints=(live.endpoint,),
            evidence=(evidence("let in as a plain bearer token", live.baseline.nothing, exchange),),
            strength=Strength.PROVEN,
            cause="the credential check",
        ),
    )
