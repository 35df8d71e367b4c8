"""The token says which algorithm verifies it.

## What is wrong

A JWT is verified without a list of algorithms, or with the one that its own header names.

## Why it matters

The header comes from whoever sends the token. If it chooses, it chooses what can be forged: HMAC with the public key
as its secret, or no signature at all (RFC 8725 section 3.1, ASVS 5.0.0 9.1.2, CWE-347).

## Bad

    jwt.decode(token, key)

    jwt.decode(token, key, algorithms=[jwt.get_unverified_header(token)["alg"]])

## Good

    jwt.decode(token, key, algorithms=["ES256"])

## References

RFC 8725 sections 2.1 and 3.1; RFC 7515 section 10.7; ASVS 5.0.0 9.1.2; CWE-347, CWE-757.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.source import Module, within
from stopper.observe.source.flows import Act, JoseCall, jose_calls, last_name, place, words, written
from stopper.observe.source.rewriting import argument, replaced
from stopper.rewrite import ByHand, Change, Rewrite, Risk

CONTROL = Control(
    id="BT420",
    name="algorithms_unrestricted",
    severity=Severity.HIGH,
    title="The token says which algorithm verifies it",
    witnesses="S",
    requirements=("V02",),
    labels=("jwt_no_algorithms", "jwt_alg_from_header"),
    cwe=(347, 757),
)

_LIBRARIES = frozenset({"PyJWT", "python-jose"})
_ALL = frozenset({"get_default_algorithms", "get_algorithms", "SUPPORTED", "ALL"})
"""Names under which libraries give every algorithm that they know."""


def source(module: Module) -> Iterable[Verdict]:
    """Look at the algorithms of every verification: named by the program, by nobody, or by the token."""
    for call in jose_calls(module):
        if call.act is not Act.VERIFY or call.verifies is not True or call.library not in _LIBRARIES:
            continue
        fault = _fault(call)
        if fault:
            yield from _broken(call, fault)
        elif isinstance(call.constant("algorithms"), str | list | tuple):
            yield Verdict(True, "the program names the algorithms", place=place(module, call.node))


def _fault(call: JoseCall) -> str:
    """Return what is wrong with the algorithms of a call, "" where nothing is or where that cannot be told."""
    given = call.arguments.get("algorithms")
    if given is None:
        return "" if call.spread or _key_names_it(call) else f"{call.library} is given no algorithms"
    if call.constant("algorithms") in (None, [], ()):
        return f"{call.library} is given an empty choice of algorithms"
    spelt = written(call.module, given)
    for node in within(spelt) if spelt is not None else ():
        if isinstance(node, ast.Attribute) and node.attr in _ALL:
            return f"{call.library} is given every algorithm that it knows"
        if isinstance(node, ast.expr) and _from_header(call, node):
            return f"{call.library} is given the algorithm that the token's own header names"
    return ""


def _key_names_it(call: JoseCall) -> bool:
    """Tell whether the key is a PyJWK, which carries its algorithm: PyJWT 2.10 takes that one and no other."""
    key = call.arguments.get("key")
    spelt = written(call.module, key) if key is not None else None
    return isinstance(spelt, ast.Call) and last_name(spelt) in ("get_signing_key_from_jwt", "get_signing_key", "PyJWK")


def _from_header(call: JoseCall, node: ast.expr) -> bool:
    """Tell whether an expression is the `alg` of the header, which nothing compares with what is allowed."""
    for value in _values(call, node):
        if isinstance(value, ast.Subscript):
            holder, key = value.value, value.slice
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.args:
            holder, key = value.func.value, value.args[0]
        else:
            continue
        alg = isinstance(key, ast.Constant) and key.value == "alg"
        if alg and not {"header", "headers"}.isdisjoint(words(last_name(holder))):
            return not (isinstance(node, ast.Name) and _compared(call, node.id))
    return False


def _values(call: JoseCall, node: ast.expr) -> Iterator[ast.expr]:
    """Yield an expression, and for a variable all that the function gives to it."""
    yield node
    for each in within(call.function) if call.function is not None and isinstance(node, ast.Name) else ():
        if isinstance(each, ast.Assign) and any(last_name(target) == last_name(node) for target in each.targets):
            yield each.value


def _compared(call: JoseCall, name: str) -> bool:
    """Tell whether the function holds a variable against something before it is believed."""
    compares = (node for node in within(call.function) if isinstance(node, ast.Compare)) if call.function else ()
    return any(isinstance(part, ast.Name) and part.id == name for node in compares for part in within(node))


def _broken(call: JoseCall, message: str) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=message,
        place=place(call.module, call.node),
        endpoints=call.module.endpoints(call.node),
    )


# --------------------------------------------------------------------------- the repair

_LINES = ('claims = jwt.decode(token, key, algorithms=["HS256"])',)


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Name the algorithm with which the same file signs with the same key."""
    for call in jose_calls(module):
        if module.place(call.node) != where or call.act is not Act.VERIFY:
            continue
        algorithm = _signing(module, call)
        if not algorithm:
            return ByHand("nothing in this file says with which algorithm the tokens are signed", _LINES)
        text = f'["{algorithm}"]'
        given = call.arguments.get("algorithms")
        if given is not None:
            return _rewrite(algorithm, replaced(module, given, text))
        return _rewrite(algorithm, argument(module, call.node, "algorithms", text))
    return None


def _rewrite(algorithm: str, change: Change) -> Rewrite:
    decide = (f"see that nobody else issues tokens for this API with another algorithm than {algorithm}",)
    why = "the program says which algorithm verifies a token, and not the token"
    return Rewrite(why, (change,), Risk.STRICTER, decide)


def _signing(module: Module, call: JoseCall) -> str:
    """Return the algorithm with which the file signs with the key that a call verifies with, "" if it is not sure."""
    key = call.arguments.get("key")
    if key is None:
        return ""
    found = set()
    for other in jose_calls(module):
        signs = other.act is Act.SIGN and other.library == call.library
        if signs and "key" in other.arguments and ast.unparse(other.arguments["key"]) == ast.unparse(key):
            # HS256 is what both libraries sign with where they are told nothing
            found.add(other.constant("algorithm") if "algorithm" in other.arguments else "HS256")
    only = found.pop() if len(found) == 1 else None
    return only if isinstance(only, str) and only.lower() != "none" else ""
