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

import ast
from collections.abc import Iterable

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.source import Module
from stopper.observe.source.flows import Flow, Origin, Sink, flows, place, safe
from stopper.observe.source.rewriting import named, replaced
from stopper.rewrite import CannotRewriteError, Change, Rewrite

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


_SECURE = {"choice": "secrets.choice", "getrandbits": "secrets.randbits", "randbytes": "secrets.token_bytes"}
"""What takes the same arguments and gives the same kind of value; all else is a method of SystemRandom too."""


def fix(module: Module, where: Place) -> Rewrite | None:
    """Draw from the system's generator instead: alphabet and length, on which others may rely, stay as they are."""
    changes: dict[Change, None] = {}
    for flow in flows(module):
        if (
            flow.sink_kind is Sink.MADE
            and place(module, flow.source_node if flow.together else flow.sink_node) == where
        ):
            changes.update(dict.fromkeys(_drawn_securely(flow.source_module, flow.source_node)))
    return Rewrite("the system's generator cannot be predicted from what it gave before", tuple(changes))


def _drawn_securely(module: Module, node: ast.AST) -> tuple[Change, ...]:
    call = node.func if isinstance(node, ast.Call) else None
    package, _, name = (module.qualified(call) or "").rpartition(".") if call else ("", "", "")
    if call is None or package != "random" or name in ("Random", "seed"):
        raise CannotRewriteError("what is to take its place depends on how long the token may be")
    text, imports = named(module, _SECURE.get(name, "secrets.SystemRandom"))
    return replaced(module, call, text if name in _SECURE else f"{text}().{name}"), *imports
