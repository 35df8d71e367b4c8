"""What stands before a view: known decorators by name, the project's own by what they do.

A project's decorator, hook or view is a guard when it reads a credential and turns away a caller without (doors.py).
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from stopper.observe.source import doors, names, registering
from stopper.observe.source.names import Definition, External, Instance
from stopper.observe.source.owners import ancestry, argument
from stopper.observe.source.syntax import Function, within
from stopper.observe.views import Guard

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

_KNOWN = {
    "flask_jwt_extended": dict.fromkeys(("jwt_required", "fresh_jwt_required", "jwt_refresh_token_required"), "bearer")
    | dict.fromkeys(("jwt_optional", "verify_jwt_in_request"), "bearer"),
    "flask_jwt": {"jwt_required": "bearer"},
    "flask_jwt_simple": {"jwt_required": "bearer"},
    "flask_login": dict.fromkeys(("login_required", "fresh_login_required"), "session"),
    "flask_security": {
        "auth_required": "bearer",
        "auth_token_required": "bearer",
        "http_auth_required": "basic",
        "login_required": "session",
        "roles_required": "session",
        "roles_accepted": "session",
        "permissions_required": "session",
        "permissions_accepted": "session",
    },
    "flask_praetorian": dict.fromkeys(("auth_required", "roles_required", "roles_accepted"), "bearer"),
    "flask_appbuilder": {
        "protect": "bearer",
        "has_access": "session",
        "has_access_api": "session",
        "permission_name": "",
    },
    "flask_simplelogin": {"login_required": "session"},
    "flask_oidc": dict.fromkeys(("require_login", "accept_token", "require_token"), "bearer"),
    "flask_pyoidc": dict.fromkeys(("oidc_auth", "token_auth"), "bearer"),
    "flask_cognito": {"cognito_auth_required": "bearer"},
    "flask_principal": {"require": "other"},
    "apiflask": {"auth_required": "bearer"},
    "stopper": dict.fromkeys(("require", "jwt_required", "verify_jwt_in_request"), "bearer"),
    "authlib": {"acquire_token": "bearer"},
}
"""Decorators of well-known libraries: package, last part of the name, what they ask for."""

_OBJECTS = {
    "HTTPTokenAuth": "bearer",
    "HTTPBasicAuth": "basic",
    "HTTPDigestAuth": "basic",
    "MultiAuth": "bearer",
    "ResourceProtector": "bearer",
    "OAuth2Provider": "bearer",
    "JWT": "bearer",
}
"""Objects whose `login_required`, `require_oauth` or call is a decorator that asks for a credential."""

_OBJECT_METHODS = frozenset({"login_required", "auth_required", "require_oauth", "require", "__call__"})

_DEEPEST = 3
"""Functions that hand a request on to one another before its guard stands."""

_NAMED = re.compile(
    r"(auth|login|logged|token|jwt|permission|role|admin|acl|oauth|oidc|scope|api_?key|credential|superuser|staff)",
    re.I,
)
_DEMANDS = re.compile(r"(requir|need|protect|only|check|verify|ensure|must|enforce|guard|authenticat|authoriz)", re.I)
_EXEMPTS = re.compile(r"(exempt|optional|not_required|no_auth|noauth|public|anonymous|unrequire|skip|csrf|limit)", re.I)


def decorator(module: Module, node: ast.expr, depth: int = 0) -> Guard | None:
    """Return the guard that a decorator or wrapping call is, None where it is none."""
    called = node.func if isinstance(node, ast.Call) else node
    target = module.resolve(called)
    kind = _known(module, called, target)
    if kind is None and isinstance(target, Definition):
        kind = _judged(target)
    if isinstance(node, ast.Call) and kind in (None, "unknown"):
        kind = next(
            (found for found in (_known(module, each, module.resolve(each)) for each in node.args) if found), kind
        )
    if kind is None and target is None:
        home, value = registering.literal(module, called)
        if value is not called and isinstance(value, ast.Attribute | ast.Call) and depth < names.DEPTH:
            inner = decorator(home, value, depth + 1)
            return _described(module, node, inner.kind) if inner is not None else None
    if kind is None and not isinstance(target, Definition) and _demands(_last(called)):
        kind = "unknown"
    return _described(module, node, kind) if kind else None


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _demands(name: str) -> bool:
    return bool(_NAMED.search(name) and _DEMANDS.search(name) and not _EXEMPTS.search(name))


def _known(module: Module, called: ast.expr, target: names.Target | None) -> str | None:
    if isinstance(target, Instance):
        classes = [name.rpartition(".")[2] for name in ancestry(target.kind)]
        return next((_OBJECTS[name] for name in classes if name in _OBJECTS), None)
    if isinstance(called, ast.Attribute) and called.attr in _OBJECT_METHODS:
        holder = module.resolve(called.value)
        if isinstance(holder, Instance):
            kind = _known(module, called.value, holder)
            if kind is not None:
                return kind
    if isinstance(target, External):
        package, _, rest = target.name.partition(".")
        return _KNOWN.get(package, {}).get(rest.rpartition(".")[2])
    return None


def _judged(target: Definition) -> str | None:
    node = target.node
    if isinstance(node, ast.ClassDef):
        return "unknown" if _demands(node.name) else None
    found = doors.door(target.module, node)
    if found.guards:
        return found.kind
    if _demands(node.name) and (found.refuses or found.unseen):
        return found.kind
    return None


def _described(module: Module, node: ast.expr, kind: str) -> Guard:
    optional = False
    scopes: tuple[str, ...] = ()
    if isinstance(node, ast.Call):
        given = argument(node, "optional")
        optional = given is not None and module.constant(given) is True
        words = [module.constant(value) for value in node.args]
        scopes = tuple(word for word in words if isinstance(word, str))
    name = module.qualified(node.func if isinstance(node, ast.Call) else node) or ""
    optional = optional or name.endswith(".jwt_optional")
    return Guard(kind, "@" + _written(node), module.place(node), optional, scopes)


def _written(node: ast.expr) -> str:
    """Return a decorator's name as written; its arguments stay out, since they may hold a secret."""
    calls = ""
    while isinstance(node, ast.Call):
        calls = ("(…)" if node.args or node.keywords else "()") + calls
        node = node.func
    return dotted(node) + calls


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for names and attributes, "" for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def inline(module: Module, function: Function) -> Guard | None:
    """Return the guard that a view is to itself: it reads a credential and refuses, alone or through what it calls."""
    found = doors.door(module, function)
    if not found.guards:
        return _handed_on(module, function)
    return Guard(found.kind, "checked in the view", module.place(function), _lets_through(module, function))


def _handed_on(module: Module, function: Function, depth: int = 0) -> Guard | None:
    """Return the guard around what a view hands on to in each case: `return super().post()`, a helper of its own."""
    for statement in function.body:
        value = statement.value if isinstance(statement, ast.Return | ast.Expr | ast.Assign) else None
        target = module.resolve(value.func) if isinstance(value, ast.Call) else None
        if isinstance(target, Definition) and target.node is not function and not isinstance(target.node, ast.ClassDef):
            for each in target.node.decorator_list:
                guard = decorator(target.module, each)
                if guard is not None:
                    return guard
            guard = _handed_on(target.module, target.node, depth + 1) if depth < _DEEPEST else None
            if guard is not None:
                return guard
    return None


def _lets_through(module: Module, function: Function) -> bool:
    for node in within(function):
        if isinstance(node, ast.Call) and (module.qualified(node.func) or "").endswith("verify_jwt_in_request"):
            given = argument(node, "optional")
            return given is not None and module.constant(given) is True
    return False


def public(module: Module, node: ast.expr) -> bool:
    """Tell whether a decorator opens a view on purpose: `stopper.guard`'s `public`."""
    called = node.func if isinstance(node, ast.Call) else node
    return module.qualified(called) in ("stopper.guard.Guard.public", "stopper.guard.public")
