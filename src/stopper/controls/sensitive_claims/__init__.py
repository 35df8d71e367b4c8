"""A JWT carries what its readers should not see.

## What is wrong

The claims of a signed token hold a password, a secret or private data of a person.

## Why it matters

A signed JWT is not encrypted: everybody who holds it reads it, and it is held by browsers, apps, logs and every API
that it is sent to. A password in it, even a hash, is given to all of them (RFC 7519 section 12, RFC 8725 section 2.7,
CWE-312, CWE-359).

## Bad

    jwt.encode({"sub": user.id, "password": user.password, "exp": soon}, key, algorithm="HS256")

## Good

    jwt.encode({"sub": user.id, "exp": soon}, key, algorithm="HS256")

## References

RFC 7519 section 12; RFC 9068 section 6; ASVS 5.0.0 14.2.6; CWE-312, CWE-359.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.source import UNKNOWN, Module, within
from stopper.observe.source.flows import Act, JoseCall, Says, credential, jose_calls, place, words
from stopper.observe.views import Exchange, Purpose
from stopper.observe.wire.answers import issued
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.jwt import parse

CONTROL = Control(
    id="BT311",
    name="sensitive_claims",
    severity=Severity.MEDIUM,
    title="A JWT carries what its readers should not see",
    witnesses="W S",
    requirements=("L14",),
    labels=("secret_in_response",),
    cwe=(312, 359),
)

_PRIVATE = (
    *("ssn", "social security", "credit card", "card number", "cvv", "iban", "passport number", "tax id"),
    *("date of birth", "dob", "birth date", "phone", "phone number", "mobile", "home address", "address", "salary"),
    *("national id", "medical record", "bank account"),
)
"""Claims about a person that no API needs to let somebody in; a name and an e-mail address say who it is."""

_DEED = frozenset("reset change forgot update set must has confirm recover expired verified".split())
"""Words that make `reset_password` what the token is for, not what it holds."""


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the claims of the tokens that an answer hands out, and of the working one that is presented."""
    presented = (exchange.request.header("Authorization") or "").rpartition(" ")[2]
    working = (presented,) if exchange.purpose in (Purpose.ORIGINAL, Purpose.RECORDED) else ()
    for token in (*issued(exchange), *working):
        parsed = parse(token)
        if parsed is None:
            continue
        found = sorted(name for name, value in parsed.claims.items() if value and _sensitive(name))
        readable = f"the token can be read by everybody who holds it, and carries {', '.join(found)}"
        yield Verdict(
            kept=not found,
            message=readable if found else "the claims of the token say only who it is",
            endpoints=(exchange.endpoint,) if exchange.endpoint else (),
            evidence=(evidence("the exchange with the token", exchange),) if found else (),
            strength=Strength.PROVEN if found else Strength.CLAIMED,
            cause="the claims of the token",
        )


# --------------------------------------------------------------------------- the source


def source(module: Module) -> Iterable[Verdict]:
    """Look at the names of the claims of every token that is signed."""
    for call in jose_calls(module):
        if call.act is not Act.SIGN:
            continue
        found = [(name, where) for name, where in _claims(call) if _sensitive(name)]
        for name, where in found:
            yield from _broken(module, where, f"the claim `{name}` can be read by everybody who holds the token")
        if not found and call.values.get("claims") is not None and call.values["claims"].closed:
            yield Verdict(True, "the claims say only who it is", place=place(module, call.node))


def _claims(call: JoseCall) -> Iterator[tuple[str, ast.AST]]:
    """Yield the claims that a call signs, each with where it is named; a constant tells nothing of anybody."""
    for parameter in ("claims", "identity", "additional_claims", "user_claims"):
        value = call.values.get(parameter)
        for name, member in value.items.items() if value is not None else ():
            if member.expression is None or call.module.constant(member.expression) is UNKNOWN:
                yield name, _named(call, name)


def _named(call: JoseCall, name: str) -> ast.AST:
    """Return where the function names a claim as a member, the call itself where that is another function."""
    for node in within(call.function) if call.function is not None else ():
        if isinstance(node, ast.Constant) and node.value == name:
            holder = call.module.parent(node)
            if isinstance(holder, ast.Dict) or (
                isinstance(holder, ast.Subscript) and isinstance(holder.ctx, ast.Store)
            ):
                return node
    return call.node


def _sensitive(name: str) -> bool:
    said = credential(name)
    parts = words(name)
    if not _DEED.isdisjoint(parts):
        return False
    return said in (Says.PASSWORD, Says.SECRET) or "password" in parts[:1] or " ".join(parts) in _PRIVATE


def _broken(module: Module, node: ast.AST, message: str) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=message,
        place=place(module, node),
        endpoints=module.endpoints(node),
    )
