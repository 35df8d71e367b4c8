"""A token that says it is not signed is accepted.

## What is wrong

The API accepts a JWT whose header names the algorithm `none`, in any spelling.

## Why it matters

Such a token needs no key: anybody writes it. `none` is a registered algorithm (RFC 7518 section 3.6), so a decoder
that lets the header choose will take it (RFC 8725 section 3.1, ASVS 5.0.0 9.1.2, CWE-347).

## Bad

    if header["alg"].lower() == "none":
        return payload

    jwt.decode(token, key, algorithms=["HS256", "none"])

## Good

    jwt.decode(token, key, algorithms=["HS256"])

One key, one algorithm, named by you and never by the token.

## References

RFC 7518 section 3.6; RFC 8725 sections 2.1 and 3.1; ASVS 5.0.0 9.1.2; CWE-327, CWE-347.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator
from typing import Any

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.source import UNKNOWN, Module
from stopper.observe.source.flows import Act, JoseCall, jose_calls, last_name, place, settings, words, written
from stopper.observe.source.mending import settings_at
from stopper.observe.source.rewriting import at, replaced
from stopper.observe.source.rewriting import written as text_of
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import unsigned
from stopper.rewrite import ByHand, Rewrite, Risk

CONTROL = Control(
    id="BT404",
    name="none_algorithm_accepted",
    severity=Severity.CRITICAL,
    title="The algorithm none is accepted",
    witnesses="M S",
    requirements=("V02", "V03"),
    labels=("jwt_alg_none",),
    cwe=(327, 347),
    implied_by=("BT402", "BT403"),
    guard="jose.verified",
    local=True,
)

_SPELLINGS: tuple[Any, ...] = ("none", "nOnE", "None", "NONE", "none ", "", None, False, ["none"])
"""As registered, as it slips through a comparison with that spelling, and values that a library may take for it."""


def mutate(credential: Credential) -> Iterable[Credential]:
    """Give the token unsigned, all its claims kept, the header naming `none` in each spelling and type, and nothing."""
    if credential.jwt is None:
        return
    for spelling in _SPELLINGS:
        header = {**credential.jwt.header, "alg": spelling}
        label = f"algorithm {json.dumps(spelling)}, no signature"
        yield credential.changed(unsigned(header, credential.jwt.claims), label)
    header = {name: value for name, value in credential.jwt.header.items() if name != "alg"}
    yield credential.changed(unsigned(header, credential.jwt.claims), "no algorithm, no signature")


# --------------------------------------------------------------------------- the source

_SETTINGS = frozenset({"JWT_ALGORITHM", "JWT_DECODE_ALGORITHMS", "JWT_ALGORITHMS"})


def source(module: Module) -> Iterable[Verdict]:
    """Look at the algorithms that tokens are signed and verified with, and at comparisons with `none`."""
    seen: set[int] = set()
    for call in jose_calls(module):
        algorithms = _algorithms(call)
        if algorithms is UNKNOWN or (algorithms is None and call.act is not Act.SIGN):
            continue
        node = _named(call) if _has_none(algorithms) else None
        if node is not None and id(node) not in seen:
            seen.add(id(node))
            yield from _broken(module, node, f"`none` is among the algorithms that {call.library} is given")
        elif call.act is Act.VERIFY and not _has_none(algorithms):
            yield Verdict(True, "the algorithms are named, and none is not one", place=place(module, call.node))
    for setting, value in settings(module, _SETTINGS):
        if _has_none(value):
            yield from _broken(module, setting, "the setting allows the algorithm none")
    for branch in _branches(module):
        yield from _broken(module, branch, "a token whose header says `none` is let through unsigned")


def _algorithms(call: JoseCall) -> Any:
    if call.act is Act.VERIFY:
        return call.constant("algorithms")
    if call.act is not Act.SIGN or call.library == "Flask-JWT-Extended":
        return UNKNOWN
    header = call.values.get("header")
    if header is not None:
        algorithm = header.items.get("alg")
        known = algorithm.expression if algorithm is not None else None
        return call.module.constant(known) if known is not None else UNKNOWN
    if "algorithm" not in call.arguments:
        return UNKNOWN
    algorithm = call.constant("algorithm")
    return "none" if algorithm is None else algorithm


def _has_none(algorithms: Any) -> bool:
    every = (algorithms,) if isinstance(algorithms, str) else algorithms
    return isinstance(every, list | tuple | set | frozenset) and any(
        isinstance(one, str) and one.lower() == "none" for one in every
    )


def _named(call: JoseCall) -> ast.AST:
    """Return where the algorithms are written, the call itself where that is another file."""
    argument = call.arguments.get("algorithms") or call.arguments.get("algorithm")
    return (written(call.module, argument) if argument is not None else None) or call.node


def _branches(module: Module) -> Iterator[ast.AST]:
    """Yield the tests of a header's algorithm for `none` whose branch does not refuse."""
    if "none" not in module.text.lower() or "alg" not in module.text:
        return
    for test in module.nodes(ast.Compare):
        says = any(isinstance(c, ast.Constant) and str(c.value).lower() == "none" for c in test.comparators)
        asks = any(isinstance(n, ast.Constant) and n.value == "alg" for n in ast.walk(test.left)) or any(
            isinstance(n, ast.Name) and n.id in ("alg", "algorithm") for n in ast.walk(test.left)
        )
        branch = module.parent(test)
        strings = any(isinstance(c, ast.Constant) and isinstance(c.value, str) for c in test.comparators)
        equal = isinstance(test.ops[0], ast.Eq)
        if says and asks and strings and equal and isinstance(branch, ast.If) and _lets_through(branch.body):
            yield test


def _lets_through(body: list[ast.stmt]) -> bool:
    last = body[-1]
    if not isinstance(last, ast.Return) or last.value is None:
        return False
    refuses = isinstance(last.value, ast.Constant) and last.value.value in (None, False)
    handed_on = isinstance(last.value, ast.Call) and not {"verify", "validate"}.isdisjoint(words(last_name(last.value)))
    return not refuses and not handed_on and not isinstance(last.value, ast.Tuple)


def _broken(module: Module, node: ast.AST, message: str) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=message,
        place=place(module, node),
        endpoints=module.endpoints(node),
    )


# --------------------------------------------------------------------------- the repair


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Take `none` out of a list of algorithms that names others too."""
    calls = (call for call in jose_calls(module) if module.place(call.node) == where)
    given: list[ast.AST | None] = [
        *at(module, where, *_DISPLAYS),
        *(written(module, call.arguments.get("algorithms", call.node)) for call in calls),
        *(value for name, _, value in settings_at(module, where) if name in _SETTINGS),
    ]
    for algorithms in given:
        if isinstance(algorithms, _DISPLAYS):
            return _without_none(module, algorithms)
    return ByHand("it has to be decided which algorithm and key there are instead", ('algorithms=["HS256"]',))


_DISPLAYS = (ast.List, ast.Set)


def _without_none(module: Module, algorithms: ast.List | ast.Set) -> Rewrite | ByHand | None:
    names = [module.constant(each) for each in algorithms.elts]
    if not all(isinstance(name, str) for name in names):
        return None
    left = [text_of(module, each) for each, name in zip(algorithms.elts, names, strict=True) if name.lower() != "none"]
    if not left or len(left) == len(names):
        return ByHand("no algorithm would be left", ('algorithms=["HS256"]',)) if not left else None
    quoted = ", ".join(left)
    text = f"[{quoted}]" if isinstance(algorithms, ast.List) else f"{{{quoted}}}"
    why = "a token that says of itself that it needs no signature is refused"
    return Rewrite(why, (replaced(module, algorithms, text),), Risk.STRICTER)
