"""A token that never expires.

## What is wrong

The API issues a JWT without `exp`, or the code makes its tokens without a lifetime.

## Why it matters

Nothing ends such a token but the change of the signing key: every copy in a log, a backup or a lost phone works as
long as the key lives (RFC 6750 section 5.3 asks for an hour or less, RFC 9068 section 2.2 demands `exp`, CWE-613).

## Bad

    jwt.encode({"sub": user.id}, key, algorithm="HS256")

    app.config["JWT_ACCESS_TOKEN_EXPIRES"] = False

## Good

    jwt.encode({"sub": user.id, "exp": now + timedelta(hours=1)}, key, algorithm="HS256")

    guard.issue(subject=user.id)        # one hour

## References

RFC 6750 section 5.3; RFC 7519 section 4.1.4; RFC 9068 section 2.2; ASVS 5.0.0 9.2.1; CWE-613.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Exchange
from stopper.observe.wire.answers import issued
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.jwt import parse

CONTROL = Control(
    id="BT501",
    name="token_without_expiry",
    severity=Severity.HIGH,
    title="A token that never expires",
    witnesses="W S",
    requirements=("V13", "V14"),
    labels=("token_no_exp",),
    cwe=(613,),
    guard="Guard.issue",
)


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look for `exp` in every JWT that an answer hands out; of an opaque token nothing can be seen here."""
    if not exchange.endpoint:
        return
    for token in issued(exchange.response):
        jwt = parse(token)
        if jwt is None:
            continue
        if "exp" in jwt.claims:
            message = f"{exchange.endpoint} issues a JWT with an expiry"
            yield Verdict(True, message, endpoints=(exchange.endpoint,), strength=Strength.PROVEN)
        else:
            yield Verdict(
                kept=False,
                message=f"{exchange.endpoint} issues a JWT without exp",
                endpoints=(exchange.endpoint,),
                evidence=(evidence("a token without expiry", exchange),),
                strength=Strength.PROVEN,
            )
