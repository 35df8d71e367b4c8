"""A token is made of something that can be guessed.

## What is wrong

A token, key, password or one-time code comes from the `random` module, from a UUID, the clock, the process id, or from
a plain hash of such things or of a user's name.

## Why it matters

`random` is a Mersenne Twister: who has seen some hundred values computes all that follow. Clocks and ids are searched
in seconds, and hashing adds nothing that an attacker cannot do too. uuid4 is made of 122 random bits, but RFC 9562
section 8 says not to rely on it for security, so it counts as low (RFC 6749 section 10.10, ASVS 5.0.0 11.5.1, CWE-338).

## Bad

    token = "".join(random.choices(string.ascii_letters, k=32))

    reset_code = hashlib.sha256(f"{user.id}{time.time()}".encode()).hexdigest()

## Good

    token = secrets.token_urlsafe(32)

    guard.issue(subject=user.id)

## References

RFC 4086 section 6; RFC 6749 section 10.10; RFC 9562 section 8; ASVS 5.0.0 11.5.1; CWE-330, CWE-338, CWE-340.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity, Verdict
from stopper.observe.source import Module
from stopper.observe.source.flows import Flow, Origin, Sink, flows, place, safe

CONTROL = Control(
    id="BT201",
    name="weak_random_token",
    severity=Severity.HIGH,
    title="A token comes from a generator that can be predicted",
    witnesses="S",
    requirements=("G01",),
    labels=("weak_token_gen",),
    cwe=(330, 338, 340),
    guard="Guard.issue",
)


def source(module: Module) -> Iterable[Verdict]:
    """Follow weak randomness to where it becomes a token; elsewhere (a file name, a colour, a delay) it is no fault."""
    for flow in flows(module):
        if flow.sink_kind is Sink.MADE:
            yield from _broken(module, flow)
    for kept in safe(module):
        if kept.sink_kind is Sink.MADE:
            message = f"{kept.target} comes from the system's secure generator"
            yield Verdict(True, message, place=place(module, kept.node))


def _broken(module: Module, flow: Flow) -> Iterable[Verdict]:
    where = flow.source_node if flow.together else flow.sink_node
    full = Severity.LOW if flow.source_kind is Origin.UUID else CONTROL.severity
    kind = flow.says.value if flow.says else "token"
    yield Verdict(
        kept=False,
        message=f"{flow.source_kind.value} becomes {flow.target}, which is a {kind}",
        place=place(module, where),
        endpoints=module.endpoints(flow.sink_node),
        evidence=(flow.evidence,),
        severity=full,
    )
