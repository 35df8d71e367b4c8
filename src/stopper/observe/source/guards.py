"""What stands before a view: known decorators by name, the project's own by what they do.

A project's decorator, hook or helper is a guard when it reads a credential and refuses: by `abort(401)`, by raising, by
answering 401 or 403, by sending the caller to a login page.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stopper.observe.source import names
from stopper.observe.source.names import Definition, External, Instance
from stopper.observe.source.owners import ancestry, argument
from stopper.observe.source.syntax import Function, within
from stopper.observe.views import Guard

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

_STEPS = 4
"""Calls that are followed from a decorator, hook or view into the project's own functions."""

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
    "stopper": {"require": "bearer"},
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

_NAMED = re.compile(
    r"(auth|login|logged|token|jwt|permission|role|admin|acl|oauth|oidc|scope|api_?key|credential|superuser|staff)",
    re.I,
)
_DEMANDS = re.compile(r"(requir|need|protect|only|check|verify|ensure|must|enforce|guard|authenticat|authoriz)", re.I)
_EXEMPTS = re.compile(r"(exempt|optional|not_required|no_auth|noauth|public|anonymous|unrequire|skip|csrf|limit)", re.I)

_CREDENTIAL = re.compile(
    r"(^|[-_. ])(authorization|bearer|token|jwt|api[-_]?key|apikey|auth|access[-_]?token)s?($|[-_. ])", re.I
)
_BASIC = frozenset({"username", "password"})
_READERS = {
    "flask.request.authorization": "basic",
    "flask.session": "session",
    "flask_login.current_user": "session",
    "flask_login.utils.current_user": "session",
    "flask_security.current_user": "session",
    "flask_jwt_extended.get_jwt_identity": "bearer",
    "flask_jwt_extended.get_jwt": "bearer",
    "flask_jwt_extended.get_jwt_claims": "bearer",
    "flask_jwt_extended.get_raw_jwt": "bearer",
    "flask_jwt_extended.current_user": "bearer",
    "flask_jwt_extended.get_current_user": "bearer",
    "flask.g.user": "session",
    "flask.g.current_user": "session",
    "jwt.decode": "bearer",
    "jose.jwt.decode": "bearer",
    "joserfc.jwt.decode": "bearer",
    "authlib.jose.jwt.decode": "bearer",
}
"""Names whose use reads who the caller is."""

_VERIFIERS = re.compile(r"(^|\.)verify_jwt(_refresh_token)?_in_request$|(^|\.)_?authenticate_client$|\.acquire_token$")
_REFUSING_NAMES = re.compile(
    r"(unauthori[sz]ed|unauthenticated|forbidden|not_?authori[sz]ed|not_?authenticated|access_?denied|permission_?denied"
    r"|auth\w*(error|exception|failed|required)|invalid_?token|login_?required|credential|jwt\w*error|token\w*error)",
    re.I,
)
_LOGIN_PAGE = re.compile(r"(login|log_in|signin|sign_in|auth)", re.I)
_REFUSALS = frozenset({401, 403})


@dataclass(slots=True)
class Door:
    """What a piece of code does with the caller: which credentials it reads, whether it refuses, what was not seen."""

    reads: set[str] = field(default_factory=set)
    refuses: bool = False
    unseen: bool = False

    @property
    def guards(self) -> bool:
        """Tell whether it asks for a credential and turns callers away."""
        return bool(self.reads) and self.refuses

    @property
    def kind(self) -> str:
        """Return the kind of credential read, the strongest word first."""
        for kind in ("bearer", "basic", "session", "other"):
            if kind in self.reads:
                return kind
        return "unknown"


def door(module: Module, nodes: list[ast.AST], steps: int = _STEPS, seen: set[ast.AST] | None = None) -> Door:
    """Return what some code does with the caller, followed through the project's own functions."""
    found = Door()
    visited: set[ast.AST] = set() if seen is None else seen
    for top in nodes:
        for node in within(top):
            _look(module, node, found)
            if isinstance(node, ast.Name | ast.Attribute) and steps > 0:
                _follow(module, node, found, steps, visited)
    return found


def _follow(module: Module, node: ast.Name | ast.Attribute, found: Door, steps: int, visited: set[ast.AST]) -> None:
    target = module.resolve(node)
    if isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef) and target.node not in visited:
        visited.add(target.node)
        inner = door(target.module, [*target.node.body, *target.node.decorator_list], steps - 1, visited)
        found.reads |= inner.reads
        found.refuses = found.refuses or inner.refuses
        found.unseen = found.unseen or inner.unseen


def _look(module: Module, node: ast.AST, found: Door) -> None:
    if isinstance(node, ast.Call):
        _look_at_call(module, node, found)
    elif isinstance(node, ast.Subscript):
        _look_at_key(module, node.value, node.slice, found)
    elif isinstance(node, ast.Name | ast.Attribute):
        name = module.qualified(node)
        if name in _READERS:
            found.reads.add(_READERS[name])
    elif isinstance(node, ast.Raise):
        found.refuses = found.refuses or _raises_refusal(module, node)
    elif isinstance(node, ast.Return) and node.value is not None:
        found.refuses = found.refuses or _answers_refusal(module, node.value)


def _look_at_call(module: Module, node: ast.Call, found: Door) -> None:
    name = module.qualified(node.func) or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
    last = name.rpartition(".")[2]
    if _VERIFIERS.search(name):
        found.reads.add("bearer")
        found.refuses = True
    elif last == "abort" or name in ("flask.Response", "werkzeug.exceptions.abort"):
        found.refuses = found.refuses or any(_is_refusal(module, value) for value in _values(node))
    elif _REFUSING_NAMES.search(last):
        found.refuses = True
    elif isinstance(node.func, ast.Attribute) and last in ("get", "get_header") and node.args:
        _look_at_key(module, node.func.value, node.args[0], found)
    if module.resolve(node.func) is None:
        found.unseen = True


def _look_at_key(module: Module, holder: ast.expr, key: ast.expr, found: Door) -> None:
    name = module.qualified(holder) or dotted(holder)
    value = module.constant(key)
    if name.endswith("session") and isinstance(value, str):
        found.reads.add("session")
    elif "request" in name or name.endswith(("headers", "cookies")):
        if isinstance(value, str) and _CREDENTIAL.search(value):
            found.reads.add("bearer" if "header" in name else "other")
        elif not isinstance(value, str) and name.endswith("headers"):
            found.reads.add("other")


def _values(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    yield from (keyword.value for keyword in call.keywords)


def _is_refusal(module: Module, node: ast.expr) -> bool:
    value = module.constant(node)
    if isinstance(value, int):
        return value in _REFUSALS
    if isinstance(node, ast.Attribute) and node.attr in ("UNAUTHORIZED", "FORBIDDEN", "value"):
        return node.attr != "value" or _is_refusal(module, node.value)
    return isinstance(value, str) and value[:3] in ("401", "403")


def _raises_refusal(module: Module, node: ast.Raise) -> bool:
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if raised is None:
        return False
    name = module.qualified(raised) or dotted(raised)
    if _REFUSING_NAMES.search(name.rpartition(".")[2]):
        return True
    return isinstance(node.exc, ast.Call) and any(_is_refusal(module, value) for value in _values(node.exc))


def _answers_refusal(module: Module, value: ast.expr) -> bool:
    if isinstance(value, ast.Tuple):
        return any(_is_refusal(module, element) for element in value.elts)
    if not isinstance(value, ast.Call):
        return False
    if any(_is_refusal(module, each) for each in _values(value)):
        return True
    name = module.qualified(value.func) or ""
    if name.rpartition(".")[2] != "redirect" or not value.args:
        return False
    return any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and _LOGIN_PAGE.search(node.value)
        for node in within(value.args[0])
    )


def decorator(module: Module, node: ast.expr, depth: int = 0) -> Guard | None:
    """Return the guard that a decorator or wrapping call is, None where it is none."""
    called = node.func if isinstance(node, ast.Call) else node
    target = module.resolve(called)
    kind = _known(module, called, target)
    if kind is None and isinstance(target, Definition):
        kind = _judged(target)
    if kind is None and target is None:
        value = _bound_value(module, called)
        if value is not None and depth < names.DEPTH:
            inner = decorator(module, value, depth + 1)
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
    found = door(target.module, list(node.body), _STEPS, {node})
    if found.guards:
        return found.kind
    if _demands(node.name) and (found.refuses or found.unseen):
        return found.kind
    return None


def _bound_value(module: Module, node: ast.expr) -> ast.expr | None:
    if not isinstance(node, ast.Name):
        return None
    found = names.bindings_of(module, node, node.id)
    values = [binding.value for binding in found[1] if isinstance(binding, names.Assigned)] if found else []
    return values[0] if values and not isinstance(values[0], ast.Name) else None


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
    if isinstance(node, ast.Call):
        return _written(node.func) + ("(…)" if node.args or node.keywords else "()")
    return dotted(node)


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for names and attributes, "" for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def inline(module: Module, function: Function | ast.Lambda) -> Guard | None:
    """Return the guard that a view is to itself: it reads a credential and refuses, alone or through what it calls."""
    body: list[ast.AST] = list(function.body) if not isinstance(function, ast.Lambda) else [function.body]
    found = door(module, body, 2, {function})
    if not found.guards:
        return None
    return Guard(found.kind, "checked in the view", module.place(function), _lets_through(module, function))


def _lets_through(module: Module, function: Function | ast.Lambda) -> bool:
    for node in within(function):
        if isinstance(node, ast.Call) and _VERIFIERS.search(module.qualified(node.func) or ""):
            given = argument(node, "optional")
            return given is not None and module.constant(given) is True
    return False


def public(module: Module, node: ast.expr) -> bool:
    """Tell whether a decorator opens a view on purpose: `stopper.guard`'s `public`."""
    called = node.func if isinstance(node, ast.Call) else node
    return module.qualified(called) in ("stopper.guard.Guard.public", "stopper.guard.public")
