"""A token or secret reaches a log.

## What is wrong

A token, a password, a signing key or the whole Authorization header is printed, logged, put into a warning or into the
text of an exception.

## Why it matters

Logs are copied to places that many can read, kept for years, and sent to other companies. Who reads a live bearer token
there is its owner (RFC 6750 section 5.3, RFC 9700 section 4.3, ASVS 5.0.0 16.2.5, CWE-532).

## Bad

    log.info("token %s for %s", token, user)

    raise ValueError(f"bad token {token}")

## Good

    log.info("token %s for %s", fingerprint(token), user)

The guard installs a redaction on every handler, and its own `Secret` shows only a fingerprint.

## References

RFC 6750 section 5.3; ASVS 5.0.0 16.2.5; OWASP Logging Cheat Sheet; CWE-209, CWE-532.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.source import Module
from stopper.observe.source.flows import Flow, Sink, flows, place, safe
from stopper.observe.views import Exchange
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT302",
    name="token_logged",
    severity=Severity.CRITICAL,
    title="A token or secret is written to a log",
    witnesses="S A",
    requirements=("L01",),
    labels=("token_logging",),
    cwe=(209, 532),
    guard="redact.install",
)


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at where the running application put the tokens of an exchange, in clear.

    A presented token that was refused was nobody's, as far as can be told: it weighs less.
    """
    if exchange.endpoint is None or exchange.leaks is None or exchange.response is None:
        return
    leaks = [leak for leak in exchange.leaks if leak.kind in ("log", "output")]
    for leak in leaks:
        worth = leak.issued or exchange.response.status < 300
        which = "a token that it issues" if leak.issued else "the token that is presented"
        yield Verdict(
            kept=False,
            message=f"{exchange.endpoint} writes {which} to {leak.where}",
            place=leak.place,
            endpoints=(exchange.endpoint,),
            evidence=(evidence("the exchange meanwhile", exchange),),
            strength=Strength.PROVEN,
            cause=str(leak.place or leak.where),
            severity=None if worth else Severity.MEDIUM,
        )
    if not leaks:
        message = f"no token of {exchange.endpoint} was seen to reach a log"
        yield Verdict(True, message, endpoints=(exchange.endpoint,))


def source(module: Module) -> Iterable[Verdict]:
    """Follow tokens, secrets and the Authorization header into logs, output, warnings and exception texts."""
    for flow in flows(module):
        if flow.sink_kind in (Sink.LOGGED, Sink.RAISED):
            yield from _broken(module, flow)
    for kept in safe(module):
        if kept.sink_kind is Sink.LOGGED:
            yield Verdict(True, "only a fingerprint of the credential is logged", place=place(module, kept.node))


def _broken(module: Module, flow: Flow) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=f"{flow.what} {flow.sink_kind.value} by {flow.target}",
        place=place(module, flow.sink_node),
        endpoints=module.endpoints(flow.sink_node),
        evidence=(flow.evidence,),
    )
