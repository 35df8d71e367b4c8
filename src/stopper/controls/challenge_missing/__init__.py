"""A refusal does not say how to authenticate.

## What is wrong

The API answers 401 without a `WWW-Authenticate: Bearer` header, or names an error code to a caller who sent no token.

## Why it matters

HTTP demands the header on every 401 (RFC 9110 section 15.5.2) and RFC 6750 section 3 its form. Clients and libraries
decide by it whether to refresh a token, ask for another scope, or give up; without it they guess, retry, or try the
token elsewhere. An error code where no token was sent tells strangers more than they need (section 3.1).

## Bad

    return {"error": "unauthorized"}, 401

## Good

    return {"error": "unauthorized"}, 401, {"WWW-Authenticate": 'Bearer realm="shop"'}

The guard answers so by itself.

## References

RFC 6750 sections 3 and 3.1; RFC 9110 sections 11.6.1 and 15.5.2.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from stopper.model import Control, Place, Severity, Strength, Verdict
from stopper.observe.source import Definition, Function, Module, within
from stopper.observe.source.flows import last_name
from stopper.observe.source.mending import view_at, with_member
from stopper.observe.source.rewriting import argument, named, replaced, written
from stopper.observe.spec.rewriting import SpecText
from stopper.observe.views import Exchange, Purpose
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import ByHand, Change, Rewrite

CONTROL = Control(
    id="BT418",
    name="challenge_missing",
    severity=Severity.LOW,
    title="A 401 without a Bearer challenge",
    witnesses="W A",
    requirements=("B05", "B06"),
    cwe=(287,),
    guard="respond.Refusal",
)

_BEARER = re.compile(r"(?:^|,)\s*(?:bearer|dpop)(?:\s|,|$)", re.IGNORECASE)
_ERROR = re.compile(r"(?:^|[\s,])error\s*=", re.IGNORECASE)

_LOGINS = (Purpose.LOGIN, Purpose.CANARY)
"""Requests that may be for a login: its refusal is not one for want of a token."""


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at every 401 of a known operation; a login that failed and a path that does not exist are no refusals."""
    response = exchange.response
    if not response or response.status != 401 or not exchange.endpoint or exchange.purpose in _LOGINS:
        return
    challenge = ", ".join(response.all_headers("WWW-Authenticate"))
    endpoint = exchange.endpoint
    if not _BEARER.search(challenge):
        said = "another challenge" if challenge else "no WWW-Authenticate header"
        yield _verdict(exchange, False, f"{endpoint} answers 401 with {said}")
    elif exchange.purpose is Purpose.NOTHING and _ERROR.search(challenge):
        yield _verdict(exchange, False, f"{endpoint} names an error code to a caller who sent no token")
    else:
        yield _verdict(exchange, True, f"{endpoint} answers 401 with a Bearer challenge")


def _verdict(exchange: Exchange, kept: bool, message: str) -> Verdict:
    return Verdict(
        kept=kept,
        message=message,
        endpoints=(exchange.endpoint,) if exchange.endpoint else (),
        evidence=() if kept else (evidence("the refusal", exchange),),
        strength=Strength.PROVEN,
        cause="the API's way of refusing",
    )


# --------------------------------------------------------------------------- the repair

_HEADER = '"WWW-Authenticate": "Bearer"'
_LINES = (
    "@app.errorhandler(401)",
    "def unauthorized(error):",
    '    return {"error": "unauthorized"}, 401, {"WWW-Authenticate": "Bearer"}',
)


def fix(module: Module | SpecText, where: Place) -> Rewrite | ByHand | None:
    """Add the challenge to the refusals of a view, or of what is written around it."""
    if not isinstance(module, Module):
        return ByHand("the specification is right: it is the program that does not say it", _LINES)
    view = view_at(module, where)
    if view is None:
        return None
    changes: list[Change] = []
    for home, function in _refusing(module, view):
        for node in within(function):
            changes.extend(_challenged(home, node))
    if not changes:
        return ByHand("the refusal is not made in the view: add the challenge where it is made", _LINES)
    return Rewrite("a client is told that it needs a bearer token (RFC 9110, 15.5.2)", tuple(changes))


def _refusing(module: Module, view: Function) -> Iterator[tuple[Module, Function]]:
    """Yield the view, and the project's own decorators of it."""
    yield module, view
    for decorator in view.decorator_list:
        target = module.resolve(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if isinstance(target, Definition) and isinstance(target.node, ast.FunctionDef):
            yield target.module, target.node


def _challenged(module: Module, node: ast.AST) -> Iterator[Change]:
    """Yield what gives a 401 a challenge: one that is returned, or raised by `abort`."""
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        _, *rest = node.value.elts
        if not rest or module.constant(rest[0]) != 401:
            return
        if len(rest) == 1:
            yield replaced(module, rest[0], f"{written(module, rest[0])}, {{{_HEADER}}}")
        elif isinstance(rest[1], ast.Dict) and not _names_it(module, rest[1]):
            yield with_member(module, rest[1], _HEADER)
    elif (
        isinstance(node, ast.Call) and last_name(node) == "abort" and node.args and module.constant(node.args[0]) == 401
    ):
        given = {keyword.arg for keyword in node.keywords}
        if (
            module.qualified(node.func) in ("flask.abort", "flask.helpers.abort")
            and not {"response", "www_authenticate"} & given
        ):
            challenge, imports = named(module, "werkzeug.datastructures.WWWAuthenticate")
            yield argument(module, node, "www_authenticate", f'{challenge}("bearer", {{"realm": "api"}})')
            yield from imports


def _names_it(module: Module, headers: ast.Dict) -> bool:
    names = (module.constant(key) for key in headers.keys if key is not None)
    return None in headers.keys or any(isinstance(name, str) and name.lower() == "www-authenticate" for name in names)
