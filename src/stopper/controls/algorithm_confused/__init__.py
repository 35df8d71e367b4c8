"""One key verifies both shared-secret and public-key algorithms.

## What is wrong

A token may be verified by HMAC or by a public key, whichever its header names, with the same key.

## Why it matters

A public key is public. Who takes it for the HMAC secret signs any token, and an API that allows both kinds for one key
believes it (RFC 8725 section 2.1, CVE-2015-9235, CWE-347).

## Bad

    jwt.decode(token, public_key, algorithms=["RS256", "HS256"])

## Good

    jwt.decode(token, public_key, algorithms=["RS256"])

One key, one algorithm: the guard's key ring holds the algorithm beside each key.

## References

RFC 8725 sections 2.1 and 3.1; ASVS 5.0.0 9.1.2; CVE-2015-9235; CWE-327, CWE-347.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from stopper.model import Control, Severity, Verdict
from stopper.observe.source import Module
from stopper.observe.source.flows import Act, jose_calls, last_name, place, settings, written
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import keyed
from stopper.observe.wire.keys import as_secrets

CONTROL = Control(
    id="BT406",
    name="algorithm_confused",
    severity=Severity.CRITICAL,
    title="One list allows both shared-secret and public-key algorithms",
    witnesses="M S",
    requirements=("V04",),
    labels=("jwt_no_algorithms",),
    cwe=(327, 347),
    implied_by=("BT402", "BT403"),
    guard="jose.verified",
)


def mutate(credential: Credential) -> Iterable[Credential]:
    """Give the token signed by HMAC with its own public key, in each form in which an API may hold that key."""
    algorithm = str(credential.jwt.header.get("alg")) if credential.jwt else ""
    for public in credential.public_keys[:1]:
        for form, secret in as_secrets(public, algorithm):
            yield keyed(credential, secret, f"HMAC with the public key, {form}")


# --------------------------------------------------------------------------- the source

_SETTINGS = frozenset({"JWT_DECODE_ALGORITHMS", "JWT_ALGORITHMS"})
_PUBLIC = ("RS", "PS", "ES", "Ed")


def source(module: Module) -> Iterable[Verdict]:
    """Look at the algorithms that each verification, verifier and setting allows together."""
    seen: set[int] = set()
    for node, algorithms in _allowed(module):
        line = module.place(node).line
        if line in seen:
            continue
        seen.add(line)
        if _mixed(algorithms):
            yield from _broken(module, node)
        elif _known(algorithms):
            yield Verdict(True, "the algorithms are of one kind", place=place(module, node))


def _allowed(module: Module) -> Iterator[tuple[ast.AST, Any]]:
    """Yield (where they are written, the constant) for each choice of algorithms."""
    for call in jose_calls(module):
        given = call.arguments.get("algorithms")
        if call.act is Act.VERIFY and call.verifies is not False and given is not None:
            yield written(module, given) or call.node, call.constant("algorithms")
    if "JsonWebToken" in module.text:
        for made in module.nodes(ast.Call):
            if last_name(made) == "JsonWebToken" and made.args:
                yield made, module.constant(made.args[0])
    yield from settings(module, _SETTINGS)


def _known(algorithms: Any) -> bool:
    return isinstance(algorithms, list | tuple | frozenset) and all(isinstance(one, str) for one in algorithms)


def _mixed(algorithms: Any) -> bool:
    if not _known(algorithms):
        return False
    return any(one.startswith("HS") for one in algorithms) and any(one.startswith(_PUBLIC) for one in algorithms)


def _broken(module: Module, node: ast.AST) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message="the same key verifies by HMAC and by a public-key algorithm, as the token chooses",
        place=place(module, node),
        endpoints=module.endpoints(node),
    )
