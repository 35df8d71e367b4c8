"""The key's name in a token reaches a file or a query.

## What is wrong

The API uses `kid` from the token's header, which the caller writes, as a part of a path, an SQL statement or a command,
or as the address that the key is fetched from.

## Why it matters

The caller chooses what the token is verified with: an empty file, or a value that a query returns because the caller
wrote it there. With either, any token can be signed; and the query can be made to do more (RFC 8725 section 3.10,
CWE-22, CWE-89).

## Bad

    key = open(f"keys/{header['kid']}").read()
    key = db.execute(f"SELECT key FROM keys WHERE kid = '{header['kid']}'").fetchone()[0]

## Good

    key = KEYS.get(header["kid"])
    if key is None:
        refuse()

## References

RFC 7515 section 4.1.4; RFC 8725 section 3.10; CWE-22, CWE-78, CWE-89, CWE-347.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from stopper.controls.kid_injectable.trace import Trace
from stopper.model import Control, Severity, Verdict
from stopper.observe.source import Module, within
from stopper.observe.source.flows import Act, jose_calls, last_name, place
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import keyed

CONTROL = Control(
    id="BT409",
    name="kid_injectable",
    severity=Severity.CRITICAL,
    title="The key's name reaches a file or a query",
    witnesses="M S",
    requirements=("V07",),
    cwe=(22, 78, 89),
    implied_by=("BT402", "BT403", "BT405"),
    guard="keys.KeyRing",
)

_SECRET = "stopper"

_PATHS = ("../../../../../../../../dev/null", "/dev/null", "..%2f..%2f..%2f..%2f..%2f..%2f..%2fdev%2fnull")
"""The file that is empty everywhere, so that the key is empty too."""

_QUERIES = (
    f"stopper-unknown' UNION SELECT '{_SECRET}",
    f"stopper-unknown' UNION SELECT '{_SECRET}' -- ",
    f'stopper-unknown" UNION SELECT "{_SECRET}',
)
"""Statements that read nothing and change nothing: they answer with a word of ours."""


def mutate(credential: Credential) -> Iterable[Credential]:
    """Give the token, where it names its key, with names that lead to a key of ours; nothing is read or changed."""
    if credential.jwt is None or "kid" not in credential.jwt.header:
        return
    yield keyed(credential, b"", "kid that is a path to an empty file", kid=_PATHS[0])
    yield keyed(credential, _SECRET.encode(), "kid that is a part of an SQL statement", kid=_QUERIES[0])
    for path in _PATHS[1:]:
        yield keyed(credential, b"", "kid that is a path to an empty file", kid=path)
    for query in _QUERIES[1:]:
        yield keyed(credential, _SECRET.encode(), "kid that is a part of an SQL statement", kid=query)


# --------------------------------------------------------------------------- the source


def source(module: Module) -> Iterable[Verdict]:
    """Look at what every function makes of a header's `kid`: a path, a statement, a command, an address."""
    if not (module.mentions("kid") and module.mentions("jwt", "jose", "jws", "jwk")):
        return
    for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        kids = [node for node in within(function) if module.function_of(node) is function and _is_kid(module, node)]
        if kids:
            yield from _judged(module, kids[0], Trace(module, function, frozenset(kids), frozenset()))


def _judged(module: Module, kid: ast.AST, trace: Trace) -> Iterator[Verdict]:
    ends = list(trace.ends())
    for where, node, what in ends:
        yield Verdict(False, f"`kid`, which the caller writes, {what}", place(where, node), module.endpoints(kid))
    if not ends:
        yield Verdict(True, "`kid` reaches no path, statement, command or address", place(module, kid))


def _is_kid(module: Module, node: ast.AST) -> bool:
    """Tell whether an expression is the `kid` of a token's header: `header["kid"]`, `header.get("kid")`."""
    if isinstance(node, ast.Subscript):
        holder, key = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        holder, key = node.func.value, node.args[0]
    else:
        return False
    return isinstance(key, ast.Constant) and key.value == "kid" and _is_header(module, holder)


def _is_header(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return any(call.node is node and call.act is Act.HEADER for call in jose_calls(module))
    return "header" in last_name(node).lower()
