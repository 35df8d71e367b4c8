"""A token stands in an answer that is not there to hand one out.

## What is wrong

The answer of an ordinary operation, a profile, a list, a debugging page, holds an access token: the caller's own, or
somebody's that was kept beside the record.

## Why it matters

Answers are logged, cached, shown and passed on as tokens must not be. What answers with tokens must be few, known, and
never stored (ASVS 5.0.0 14.2.6, CWE-200).

## Bad

    return jsonify(name=user.name, token=user.token)

## Good

    return jsonify(name=user.name)

Show a token once, when it is made; afterwards its first characters tell which one it is.

## References

ASVS 5.0.0 14.2.6; RFC 6750 section 5.3; CWE-200, CWE-201.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Exchange, Purpose, Request
from stopper.observe.wire.answers import tokens_in
from stopper.observe.wire.compare import succeeded
from stopper.observe.wire.evidence import evidence
from stopper.secret import recognise

CONTROL = Control(
    id="BT309",
    name="token_in_other_answer",
    severity=Severity.MEDIUM,
    title="A token in an answer that is not there to hand one out",
    witnesses="W",
    requirements=("L15",),
    labels=("secret_in_response",),
    cwe=(200, 201),
)

_ISSUES = re.compile(
    r"auth|token|log[-_]?[io]n|sign[-_]?(?:in|up|on)|session|register|refresh|credential|\bsso\b|saml|jwt|key|invit|csrf"
    r"|activat|verif|confirm|reset|impersonat|otp|mfa|callback|password|connect|device",
    re.IGNORECASE,
)
"""Words of paths whose answers may hand out a token: that is what they are for."""

_READ = 65_536


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at what operations answer to a caller with a credential that are no token endpoints by their path."""
    response, endpoint = exchange.response, exchange.endpoint
    if not response or not endpoint or not succeeded(exchange) or _ISSUES.search(endpoint.path):
        return
    if exchange.purpose not in (Purpose.ORIGINAL, Purpose.RECORDED) or exchange.request.header("Authorization") is None:
        return
    text = response.text[:_READ]
    repeated = any(value in text for value in _presented(exchange.request))
    found = repeated or bool(tokens_in(response)) or any(match.kind == "JWT" for match in recognise(text))
    what = "repeats the token that it was sent" if repeated else "holds a token"
    yield Verdict(
        kept=not found,
        message=f"the answer of {endpoint} {what}" if found else f"the answer of {endpoint} holds no token",
        endpoints=(endpoint,),
        evidence=(evidence("the answer", exchange),) if found else (),
        strength=Strength.PROVEN,
    )


def _presented(request: Request) -> tuple[str, ...]:
    value = request.header("Authorization") or ""
    token = value.rpartition(" ")[2]
    return (token,) if len(token) >= 16 else ()
