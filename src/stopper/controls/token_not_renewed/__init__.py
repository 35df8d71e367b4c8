"""The same token is given out at every login.

## What is wrong

The service keeps a user's token and gives it out again while it lives, so that all sessions share one.

## Why it matters

A token that was stolen yesterday is the one that the user gets today. Logging out in one place ends every session, so
nobody does it, and what was done with the token cannot be told apart (ASVS 5.0.0 7.2.4, CWE-384). And it can only be
given out again because it is kept in clear.

## Bad

    def get_token(self):
        if self.token and self.token_expiration > now:
            return self.token

## Good

    def new_token(self):
        token = secrets.token_urlsafe(32)
        self.tokens.append(Token(digest=sha256(token.encode()).hexdigest()))
        return token

## References

ASVS 5.0.0 7.2.4; OWASP Session Management Cheat Sheet; CWE-384, CWE-613.
"""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace

from stopper.model import Control, Scope, Severity, Strength, Verdict
from stopper.observe.source import Function, Module, within
from stopper.observe.source.flows import Says, credential, last_name, made_by, place, words
from stopper.observe.views import Credential, Exchange, Live, NotAskedError, Request
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT505",
    name="token_not_renewed",
    severity=Severity.MEDIUM,
    title="The same token is given out at every login",
    witnesses="C S",
    requirements=("S07", "G04"),
    labels=("fresh_token",),
    cwe=(384, 613),
    guard="Guard.issue",
    scope=Scope.IDENTITY,
)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Log in twice with the throw-away identity, and compare the tokens."""
    given = live.throwaway
    if given is None:
        raise NotAskedError("there is no throw-away identity")
    first = given.read((yield given.login))
    # A JWT that is made anew has another time in it a second later.
    last = yield replace(given.login, delay=1.1)
    second = given.read(last)
    if not isinstance(first, Credential) or not isinstance(second, Credential):
        why = first if not isinstance(first, Credential) else second
        raise NotAskedError(f"the throw-away identity cannot log in twice: {why}")
    same = first.token == second.token
    login = last.endpoint or live.endpoint
    return (
        Verdict(
            kept=not same,
            message=f"{login} gives {'the same token' if same else 'another token'} at the next login",
            endpoints=(login,),
            evidence=(evidence("the second login, whose token is the first one's", last),) if same else (),
            strength=Strength.PROVEN,
        ),
    )


_MAKERS = frozenset(
    "token_hex token_urlsafe token_bytes urandom uuid4 uuid1 gen_salt getrandbits choice choices encode dumps".split()
)
_ELSEWHERE = frozenset({"csrf", "xsrf", "device", "push", "fcm", "share", "feed", "invite", "unsubscribe"})
"""Words of tokens that are no login's: they are meant to stay the same."""


def source(module: Module) -> Iterable[Verdict]:
    """Look at methods that make a token and keep it, for a way on which they return the one that is kept."""
    if not module.mentions("token", "api_key", "session_key"):
        return
    for function in dict.fromkeys(_keeping(module)):
        for name, kept in _kept(function):
            again = _given_again(function, name)
            if again is not None:
                yield from _broken(module, again, f"`{function.name}` returns `{name}` as it is kept, while it lives")
            elif _returns(function, name):
                yield Verdict(True, f"`{function.name}` makes `{name}` anew each time", place=place(module, kept))


def _keeping(module: Module) -> Iterator[Function]:
    """Yield the methods that fill an attribute of their own object."""
    for assign in module.nodes(ast.Assign):
        target = assign.targets[0]
        if isinstance(target, ast.Attribute) and last_name(target.value) == "self" and credential(target.attr):
            function = module.function_of(assign)
            while function is not None:
                if isinstance(module.scope(function), ast.ClassDef):
                    yield function
                function = module.function_of(function)


def _kept(function: Function) -> Iterator[tuple[str, ast.Assign]]:
    """Yield each attribute that the function fills with a bearer token of its own making."""
    for node in within(function):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if not isinstance(node, ast.Assign) or not isinstance(target, ast.Attribute):
            continue
        login = credential(target.attr) is Says.TOKEN and _ELSEWHERE.isdisjoint(words(target.attr))
        if login and last_name(target.value) == "self" and _made(function, node.value):
            yield target.attr, node


def _made(function: Function, value: ast.expr) -> bool:
    """Tell whether a value is made here, and is not fetched from another service."""
    if isinstance(value, ast.Name):
        given = (node for node in within(function) if isinstance(node, ast.Assign))
        values = [node.value for node in given if last_name(node.targets[0]) == value.id]
    else:
        values = [value]
    calls = (call for each in values for call in within(each) if isinstance(call, ast.Call))
    return any(last_name(call) in _MAKERS or made_by(last_name(call)) is not None for call in calls)


def _given_again(function: Function, name: str) -> ast.If | None:
    """Return the branch that asks for the kept token and returns it."""
    for node in within(function):
        if not isinstance(node, ast.If) or not any(_is_kept(part, name) for part in within(node.test)):
            continue
        if any(isinstance(each, ast.Return) and _is_kept(each.value, name) for each in node.body):
            return node
    return None


def _returns(function: Function, name: str) -> bool:
    return any(isinstance(node, ast.Return) and _is_kept(node.value, name) for node in within(function))


def _is_kept(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == name and last_name(node.value) == "self"


def _broken(module: Module, node: ast.AST, message: str) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=message,
        place=place(module, node),
        endpoints=module.endpoints(node),
    )
