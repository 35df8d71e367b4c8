"""A token is believed although its signature is wrong.

## What is wrong

The API reads the claims of a JWT without verifying its signature: with verification switched off, with a function that
only decodes, or by taking the payload apart itself.

## Why it matters

Whoever holds any token writes any other: change the subject, add a role, and the API believes it
(ASVS 5.0.0 9.1.1, CWE-347).

## Bad

    claims = jwt.decode(token, options={"verify_signature": False})
    return User.get(claims["sub"])

## Good

    claims = jwt.decode(token, key, algorithms=["ES256"], audience="shop", options={"require": ["exp"]})

Reading a claim first, to find the right key, is fine as long as the verification follows.

## References

RFC 7515 section 5.2; RFC 8725 section 3.3; ASVS 5.0.0 9.1.1; CVE-2022-39227; CWE-345, CWE-347.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from typing import Any

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.source import UNKNOWN, Function, Module
from stopper.observe.source.flows import Act, JoseCall, jose_calls, place, reading, settings, words
from stopper.observe.source.mending import member, settings_at
from stopper.observe.source.mending_tokens import CLAIMS_TOO, LINES, reading_at, verified_as_elsewhere
from stopper.observe.source.rewriting import replaced, without_argument
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import compact, encode, unsigned
from stopper.rewrite import ByHand, Change, Rewrite, Risk

CONTROL = Control(
    id="BT403",
    name="signature_unchecked",
    severity=Severity.CRITICAL,
    title="The signature is not checked",
    witnesses="M S",
    requirements=("V01",),
    labels=("jwt_no_verify", "unsigned_token"),
    cwe=(345, 347),
    implied_by=("BT402",),
    guard="jose.verified",
    local=True,
)


def mutate(credential: Credential) -> Iterable[Credential]:
    """Give the token with one claim added under the old signature, with no signature at all, and in two forms at once.

    The claim is one that no API reads: all real claims stay, so that only the signature can be the reason to refuse.
    """
    jwt = credential.jwt
    if jwt is None:
        return
    changed = {**jwt.claims, "stopper_probe": 1}
    yield credential.changed(compact(jwt.header, changed, lambda _: jwt.signature), "claim added, signature kept")
    yield credential.changed(unsigned(jwt.header, jwt.claims), "signature removed")
    yield credential.changed(_in_two_forms(credential.token.reveal(), changed), "claim added before the signed JSON")


def _in_two_forms(token: str, claims: Mapping[str, Any]) -> str:
    """Return the signed token as JSON (RFC 7515, 7.2.2) whose first name reads as a compact token with other claims.

    Who verifies the one form and reads the other believes the claims that nobody signed (CVE-2022-39227).
    """
    header, payload, signature = token.split(".")
    other = f"  {header}.{encode(json.dumps(claims).encode())}."
    return json.dumps({other: "", "protected": header, "payload": payload, "signature": signature})


# --------------------------------------------------------------------------- the source

_JUDGING = frozenset({"verify", "verified", "validate", "check", "authenticate", "required", "is", "valid"})


def source(module: Module) -> Iterable[Verdict]:
    """Look at every call that reads a token: without verification, its claims must decide nothing."""
    for call in jose_calls(module):
        if call.act is Act.READ or (call.act is Act.VERIFY and call.verifies is False):
            if _believed(call):
                yield from _broken(call)
        elif call.act is Act.VERIFY and call.verifies is True:
            yield Verdict(True, f"{call.library} verifies the signature", place=place(module, call.node))

    for node, value in settings(module, frozenset({"JWT_VERIFY", "JWT_VERIFY_CLAIMS"})):
        if value is False or (isinstance(value, list) and "signature" not in value):
            message = "the setting leaves the signature out of what Flask-JWT looks at"
            yield Verdict(False, message, place=place(module, node), endpoints=module.endpoints(node))


def _believed(call: JoseCall) -> bool:
    """Tell whether claims that nothing verified are used for more than to find the right key."""
    function = call.function
    fallback = reading.after_failure(call)
    if function is not None and not fallback and reading.verified_around(call.module, function, call.node):
        return False
    if not reading.only_selects(reading.uses(call)):
        return fallback or not _callers_verify(call)
    return function is not None and not fallback and not _JUDGING.isdisjoint(words(function.name))


def _callers_verify(call: JoseCall) -> bool:
    """Tell whether the function only reads for others, each of whom verifies or stands behind a guard that has."""
    if call.function is None:
        return False
    found = list(reading.callers(call.module, call.function))
    return bool(found) and all(
        function is not None and (reading.verified_around(module, function, node) or _guarded(module, function))
        for module, function, node in found
    )


def _guarded(module: Module, function: Function) -> bool:
    """Tell whether a function is a view, and a decorator or hook has judged the token before each of its routes."""
    routes = [route for route, view in module.project.routing.views if view.node is function]
    return bool(routes) and all(
        any(
            guard.how.startswith(("@", "before_request", "url_value_preprocessor")) and not guard.optional
            for guard in route.guards
        )
        for route in routes
    )


def _broken(call: JoseCall) -> Iterable[Verdict]:
    where = f" in {call.function.name}()" if call.function else ""
    yield Verdict(
        kept=False,
        message=f"claims are read{where} without verifying the signature ({call.library}), and they are believed",
        place=place(call.module, call.node),
        endpoints=call.module.endpoints(call.node),
    )


# --------------------------------------------------------------------------- the repair


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Switch the check on where the call has the key and the algorithms that it needs."""
    call = reading_at(module, where)
    if call is not None:
        return _verified(module, call)
    for name, _, value in settings_at(module, where):
        if name == "JWT_VERIFY" and module.constant(value) is False:
            return _rewrite(replaced(module, value, "True"))
    return None


def _rewrite(*changes: Change) -> Rewrite:
    return Rewrite("claims are believed once the signature is checked", changes, Risk.STRICTER, (CLAIMS_TOO,))


def _verified(module: Module, call: JoseCall) -> Rewrite | ByHand:
    if call.act is Act.READ or not _at_hand(call):
        return verified_as_elsewhere(call)
    keywords = {each.arg: each.value for each in call.node.keywords}
    off = member(keywords.get("options"), "verify_signature")
    if off is not None and module.constant(off) is False:
        return _rewrite(replaced(module, off, "True"))
    if "verify" in keywords and "options" not in keywords:
        return _rewrite(without_argument(module, call.node, "verify"))
    return ByHand("the check is switched off elsewhere than in the call", LINES)


def _at_hand(call: JoseCall) -> bool:
    """Tell whether a call is given a key, which is no empty constant, and a list of algorithms without `none`."""
    key, algorithms = call.arguments.get("key"), call.constant("algorithms")
    empty = key is None or (isinstance(key, ast.Constant) and not key.value)
    named = isinstance(algorithms, list | tuple) and algorithms and all(isinstance(each, str) for each in algorithms)
    known = algorithms is UNKNOWN and isinstance(call.arguments.get("algorithms"), ast.Name | ast.Attribute)
    return not empty and (known or (bool(named) and "none" not in [each.lower() for each in algorithms]))
