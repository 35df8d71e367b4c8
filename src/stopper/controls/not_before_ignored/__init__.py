"""A token works before its time.

## What is wrong

The API accepts a JWT whose `nbf` lies in the future: the check is switched off or forgotten, or allows for far more
than clocks that differ.

## Why it matters

A token that is made today for next week is meant to be worth nothing if it leaks today (RFC 7519 section 4.1.5, ASVS
5.0.0 9.2.1, CWE-613).

## Bad

    jwt.decode(token, key, algorithms=["HS256"], options={"verify_nbf": False})

    jwt.decode(token, key, algorithms=["HS256"], leeway=600)

## Good

    jwt.decode(token, key, algorithms=["HS256"], leeway=10)

## References

RFC 7519 section 4.1.5; ASVS 5.0.0 9.2.1; CWE-613.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Iterable

from stopper.model import Control, Severity, Verdict
from stopper.observe.source import Module
from stopper.observe.source.flows import Act, JoseCall, jose_calls, place, reading, seconds, settings, words
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import minted

CONTROL = Control(
    id="BT412",
    name="not_before_ignored",
    severity=Severity.MEDIUM,
    title="A token works before its time",
    witnesses="M A S",
    requirements=("V12",),
    cwe=(613,),
    implied_by=("BT402", "BT403"),
    guard="claims.check",
)

_AHEAD = 1800
"""Seconds until the minted token is good: beyond any leeway that could be meant, and before it expires."""

_LIFE = 3600


def mutate(credential: Credential) -> Iterable[Credential]:
    """Mint the token again, good in half an hour only."""
    start = int(time.time()) + _AHEAD
    yield from minted(credential, "good in half an hour", {}, {"nbf": start, "exp": start + _LIFE})


# --------------------------------------------------------------------------- the source

_LEEWAY = 120
"""Seconds that clocks may differ by."""

_A_LIFETIME = 3600
"""Seconds from which on the leeway is a second lifetime, which BT411 tells of."""

_REVOKING = frozenset("logout revoke revocation blocklist blacklist denylist".split())


def source(module: Module) -> Iterable[Verdict]:
    """Look for a check of `nbf` that is switched off, and for an allowance that is more than clocks differ by."""
    for call in jose_calls(module):
        if _checks(call):
            yield Verdict(True, f"{call.library} looks at `nbf`", place(module, call.node))
    for node, value in settings(module, frozenset({"verify_nbf"})):
        harmless = (_by_hand, _unverified, _revokes, _seeks_key)
        if value is False and not any(judge(module, node) for judge in harmless):
            message = "the check of `nbf` is switched off: tokens work before their time"
            yield Verdict(False, message, place(module, node), module.endpoints(node))
    for node, value in settings(module, frozenset({"JWT_DECODE_LEEWAY"})):
        yield from _allowed(module, node, value if isinstance(value, int | float) else None)
    if module.mentions("leeway") and module.mentions("jwt", "jose", "authlib"):
        for keyword in module.nodes(ast.keyword):
            if keyword.arg == "leeway":
                yield from _allowed(module, keyword.value, seconds(module, keyword.value))


def _checks(call: JoseCall) -> bool:
    """Tell whether a call surely looks at `nbf`, by the clock alone."""
    sure = call.option("verify_nbf") in (None, True) and "leeway" not in call.arguments and not call.spread
    return sure and call.act is Act.VERIFY and call.verifies is True and call.library in ("PyJWT", "python-jose")


def _by_hand(module: Module, _: ast.AST) -> bool:
    """Tell whether the module reads `nbf` itself, by a clock of its own; where a token is made it is written."""
    return any(
        node.value == "nbf" and not (isinstance(around := module.parent(node), ast.Dict) and node in around.keys)
        for node in module.nodes(ast.Constant)
    )


def _unverified(module: Module, node: ast.AST) -> bool:
    """Tell whether the same options switch the signature off: then no time is the question."""
    around = module.parent(node)
    written: list[tuple[object, ast.expr]] = []
    if isinstance(around, ast.Dict):
        written = [(module.constant(key), value) for key, value in zip(around.keys, around.values, strict=True) if key]
    elif isinstance(around, ast.Call):
        written = [(keyword.arg, keyword.value) for keyword in around.keywords]
    return any(name == "verify_signature" and module.constant(value) is False for name, value in written)


def _revokes(module: Module, node: ast.AST) -> bool:
    """Tell whether it is for taking a token back, which may be done at any time."""
    function = module.function_of(node)
    return function is not None and not _REVOKING.isdisjoint(words(function.name))


def _seeks_key(module: Module, node: ast.AST) -> bool:
    """Tell whether it is an option of a call that only tries which of several keys fits."""
    around = set(module.ancestors(node))
    return any(call.node in around and reading.seeks_key(call) for call in jose_calls(module))


def _allowed(module: Module, node: ast.AST, leeway: float | None) -> Iterable[Verdict]:
    if leeway is None or leeway >= _A_LIFETIME:
        return
    if leeway > _LEEWAY:
        message = (
            f"the leeway of {leeway:g} seconds is more than clocks differ by: tokens work before and after their time"
        )
        yield Verdict(False, message, place(module, node), module.endpoints(node))
    else:
        yield Verdict(True, f"the leeway is {leeway:g} seconds", place(module, node))
