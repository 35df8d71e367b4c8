"""Which routes give a token for a password, and whether anything in the program counts the tries."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from stopper.observe.source import Definition, Function, Module, Project, View, within
from stopper.observe.source.flows import last_name, words
from stopper.observe.source.standing import Standing, of_path
from stopper.observe.views import Route

_LIMITERS = (
    *(
        "limiter",
        "rate_limit",
        "ratelimit",
        "rate limit",
        "throttl",
        "too_many",
        "too many",
        "429",
        "lockout",
        "locked",
    ),
    *("login_attempts", "failed_login", "failed_attempts", "max_attempts", "captcha", "brute", "slowapi"),
)
"""Lower-case words of a program that counts tries, slows them down, or asks for a person."""

_CHECKS = frozenset("check verify checkpw compare authenticate authenticates validate valid match matches".split())
_PASSWORDS = frozenset({"password", "passwd", "pwd", "passphrase", "checkpw"})
_MAKES = frozenset("create generate make issue encode new get build sign token".split())
_TOKENS = frozenset({"token", "tokens", "jwt"})
_ANSWERS = frozenset({"access_token", "token", "auth_token", "jwt", "accessToken"})
_ENDS = frozenset("logout signout revoke invalidate delete".split())
_DEEPEST = 2


def token_endpoints(module: Module) -> Iterator[tuple[Route, View]]:
    """Yield the routes made in a module that take a password and answer with a token."""
    for route, view in module.project.routing.views:
        if route.place.uri != module.path or not route.endpoints:
            continue
        basic = any(guard.kind == "basic" for guard in route.guards)
        if (not basic and route.guarded) or not _ENDS.isdisjoint(words(route.name)):
            continue  # whoever comes here has been let in before
        run = list(_run(view.module, view.node, 0))
        if (basic or any(_checks_password(part) for part in run)) and any(_makes_token(part) for part in run):
            yield route, view


def _run(module: Module, function: Function, depth: int) -> Iterator[ast.AST]:
    """Yield what a function holds, and the functions of the project that it calls."""
    for part in within(function):
        yield part
        target = module.resolve(part.func) if isinstance(part, ast.Call) and depth < _DEEPEST else None
        if isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef) and target.node is not function:
            yield from _run(target.module, target.node, depth + 1)


def _checks_password(node: ast.AST) -> bool:
    """Tell whether a password is checked: `check_password_hash(…)`, `user.verify(password)`, `password == kept`."""
    if isinstance(node, ast.Compare):
        equal = isinstance(node.ops[0], ast.Eq | ast.NotEq)
        sides = (node.left, *node.comparators)
        constant = any(isinstance(side, ast.Constant) for side in sides)
        return equal and not constant and any(_is_password(side) for side in sides)
    if not isinstance(node, ast.Call):
        return False
    told = words(last_name(node))
    if _CHECKS.isdisjoint(told) or not _TOKENS.isdisjoint(told):
        return False
    given = [*node.args, *(each.value for each in node.keywords)]
    return not _PASSWORDS.isdisjoint(told) or any(_is_password(each) for each in given)


def _is_password(node: ast.AST) -> bool:
    return words(last_name(node))[-1:] in {(word,) for word in _PASSWORDS}


def _makes_token(node: ast.AST) -> bool:
    """Tell whether a token is made or answered with: `create_access_token(…)`, `jwt.encode(…)`, `{"token": …}`."""
    if isinstance(node, ast.keyword):
        return node.arg in _ANSWERS
    if isinstance(node, ast.Dict):
        return any(isinstance(key, ast.Constant) and key.value in _ANSWERS for key in node.keys)
    if not isinstance(node, ast.Call):
        return False
    told = set(words(last_name(node)))
    signs = told == {"encode"} and last_name(getattr(node.func, "value", node)) in ("jwt", "JWT")
    return signs or (not told.isdisjoint(_MAKES) and not told.isdisjoint(_TOKENS))


def counts_tries(project: Project) -> bool:
    """Tell whether anything in the program, tests left out, speaks of limits to tries."""
    judged = (each for each in project.modules if of_path(each.path) not in (Standing.TEST, Standing.VENDORED))
    return any(each.mentions(*_LIMITERS) for each in judged)


def limited(view: View) -> bool:
    """Tell whether a decorator of the view limits it: `@limiter.limit("5/minute")`."""
    return any(
        not {"limit", "limiter", "ratelimit", "throttle"}.isdisjoint(_named(each)) for each in view.node.decorator_list
    )


def _named(node: ast.expr) -> set[str]:
    return {
        word for part in within(node) if isinstance(part, ast.Name | ast.Attribute) for word in words(last_name(part))
    }
