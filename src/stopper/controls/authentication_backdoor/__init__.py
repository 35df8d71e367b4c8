"""The program holds a way around its own authentication.

## What is wrong

A switch for tests or debugging turns the check of tokens off, or one token that is written in the code is always good.

## Why it matters

Such ways are made for a workshop and go to production with it: one wrong variable, or one reader of the code, and
everybody is in (ASVS 5.0.0 13.4.2, CWE-489, CWE-798).

## Bad

    def wrapper(*args, **kwargs):
        if current_app.debug:
            return view(*args, **kwargs)

    if token == "let-me-in":
        return admin

## Good

    Tests make a token of their own: `guard.issue(subject="tester")`.

## References

ASVS 5.0.0 13.4.2; OWASP API2:2023; CWE-288, CWE-489, CWE-798.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from stopper.model import Control, Severity, Verdict
from stopper.observe.source import Function, Module, within
from stopper.observe.source.flows import Says, credential, last_name, place, words
from stopper.secret import Secret

CONTROL = Control(
    id="BT423",
    name="authentication_backdoor",
    severity=Severity.CRITICAL,
    title="The program holds a way around its own authentication",
    witnesses="S",
    labels=("missing_auth",),
    cwe=(288, 489, 798),
    guard="Guard.require",
)

_SWITCHES = frozenset({"testing", "debug", "development"})
_OFF = frozenset({"disable", "disabled", "skip", "bypass", "no", "without", "noauth"})
_GUARDING = frozenset(
    "auth authenticate authenticated authentication authorize authorized token jwt login required requires require "
    "protected protect verify guard permission permissions admin role roles".split()
)
_HARMLESS = frozenset({"", "null", "none", "undefined", "nil", "bearer", "basic", "token", "false", "true", "invalid"})


def source(module: Module) -> Iterable[Verdict]:
    """Look at what decorators and verifications let through by a switch, and at tokens that the code itself knows."""
    if not module.mentions("token", "auth", "jwt", "login"):
        return
    for branch in module.nodes(ast.If):
        function = module.function_of(branch)
        if function is None:
            continue
        if _switch(branch.test) and _lets_in(module, function, branch):
            yield from _broken(module, branch, "a switch for tests or debugging turns the authentication off")
        known = _known_token(branch.test)
        if known is not None and _welcomes(module, function, branch):
            yield from _broken(module, branch, "a token that the code itself holds is always good", known)


def _switch(test: ast.expr) -> bool:
    """Tell whether a condition is that the program is tested or debugged, or that authentication is off."""
    if isinstance(test, ast.UnaryOp):
        return False
    return any(_off(name) for name in _names(test))


def _off(name: str) -> bool:
    told = set(words(name))
    return bool(told & _SWITCHES) or bool(told & _OFF and told & {"auth", "authentication", "authorization"})


def _names(test: ast.expr) -> Iterator[str]:
    """Yield the names of variables, attributes and settings that make a condition true by being set."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]
    for part in parts:
        if isinstance(part, ast.Call) and last_name(part) in ("get", "getenv") and part.args:
            part = part.args[0]
        if isinstance(part, ast.Subscript):
            part = part.slice
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        elif isinstance(part, ast.Name | ast.Attribute):
            yield last_name(part)


def _lets_in(module: Module, function: Function, branch: ast.If) -> bool:
    """Tell whether a branch calls the view of a guarding decorator, or stops a verification."""
    outer = module.function_of(function)
    for statement in branch.body:
        value = statement.value if isinstance(statement, ast.Return) else None
        called = isinstance(value, ast.Call) and outer is not None and _is_view(outer, value)
        if _unsigned(statement) or (called and outer is not None and _guarding(outer)):
            return True
    return False


def _guarding(function: Function) -> bool:
    return not _GUARDING.isdisjoint(words(function.name))


def _is_view(outer: Function, call: ast.Call) -> bool:
    given = {argument.arg for argument in (*outer.args.posonlyargs, *outer.args.args)}
    starred = any(isinstance(argument, ast.Starred) for argument in call.args)
    return isinstance(call.func, ast.Name) and call.func.id in given and starred


def _unsigned(statement: ast.stmt) -> bool:
    """Tell whether a statement switches the check of signatures off: `options["verify_signature"] = False`."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Constant):
        return False
    target = statement.targets[0]
    key = target.slice if isinstance(target, ast.Subscript) else None
    named = isinstance(key, ast.Constant) and key.value == "verify_signature"
    return named and statement.value.value is False


def _known_token(test: ast.expr) -> Secret | None:
    """Return the literal that a condition holds a token against, None for any other condition."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]
    for part in parts:
        if not (isinstance(part, ast.Compare) and len(part.ops) == 1 and isinstance(part.ops[0], ast.Eq)):
            continue
        for one, other in ((part.left, part.comparators[0]), (part.comparators[0], part.left)):
            text = other.value if isinstance(other, ast.Constant) else None
            named = isinstance(one, ast.Name | ast.Attribute) and credential(last_name(one)) is Says.TOKEN
            if named and isinstance(text, str) and text.lower() not in _HARMLESS and len(text) >= 4:
                return Secret(text)
    return None


def _welcomes(module: Module, function: Function, branch: ast.If) -> bool:
    """Tell whether a branch lets the caller in: it answers yes, names a user, or calls the view."""
    outer = module.function_of(function)
    for node in (part for statement in branch.body for part in within(statement)):
        if isinstance(node, ast.Call) and outer is not None and _is_view(outer, node):
            return True
        if isinstance(node, ast.Assign) and not {"user", "identity"}.isdisjoint(words(last_name(node.targets[0]))):
            return True
    last = branch.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    yes = isinstance(value, ast.Constant) and value.value is True
    subject = value is not None and not {"user", "admin", "identity"}.isdisjoint(words(last_name(value)))
    return (yes or subject) and (_guarding(function) or (outer is not None and _guarding(outer)))


def _broken(module: Module, node: ast.AST, message: str, known: Secret | None = None) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=message,
        place=place(module, node, known),
        endpoints=module.endpoints(node),
    )
