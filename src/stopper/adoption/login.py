"""Guesses how one logs in, from the route that looks like a login and the words in the code of its view."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from stopper.model import Endpoint, Place
from stopper.observe.views import Route

_PATHS = ("login", "signin", "sign-in", "authenticate", "token", "tokens", "session", "sessions", "auth")
_USERS = ("username", "user_name", "email", "login", "user", "name")
_PASSWORDS = ("password", "passwd", "pwd", "pass")
_TOKENS = ("access_token", "accessToken", "token", "jwt", "auth_token", "id_token")


@dataclass(frozen=True, slots=True)
class Login:
    """A guess at the login: its fields are sent as a `form`, else as JSON; `notes` say what is unsure.

    `token` is where the answer has it: a name, or names one in another as `data/token` (RFC 6901).
    """

    endpoint: Endpoint
    place: Place
    user: str
    password: str
    token: str
    form: bool = False
    basic: bool = False
    notes: tuple[str, ...] = ()


def login(routes: Iterable[Route], files: Mapping[str, bytes]) -> Login | None:
    """Return the likeliest login among a project's routes, `files` being its Python; None where there is none."""
    candidates = [(endpoint, route) for route in routes for endpoint in route.endpoints if _rank(endpoint) is not None]
    if not candidates:
        return None
    endpoint, route = min(candidates, key=lambda pair: (_rank(pair[0]), pair[0]))
    return _read(endpoint, route, files.get(route.view.uri, b""))


def _rank(endpoint: Endpoint) -> int | None:
    last = endpoint.path.rstrip("/").rpartition("/")[2].lower()
    return _PATHS.index(last) if endpoint.method == "POST" and last in _PATHS else None


def _read(endpoint: Endpoint, route: Route, source: bytes) -> Login:
    whole, view = _words(source, 0), _words(source, route.view.line)
    user, password = _one_of(_USERS, view), _one_of(_PASSWORDS, view)
    token = _one_of(_TOKENS, view) or _one_of(_TOKENS, whole)
    text = _text(source, route.view.line)
    notes = []
    if not user or not password:
        notes.append("the names of its fields are the usual ones: its code does not show them")
    if not token:
        notes.append("the name of the token in its answer is the usual one: its code does not show it")
    return Login(
        endpoint,
        route.place,
        user or "username",
        password or "password",
        _pointer(source, route.view.line, token) or token or "access_token",
        form=bool(re.search(r"request\s*\.\s*form|\.values\b", text)),
        basic=bool(re.search(r"request\s*\.\s*authorization", text)),
        notes=tuple(notes),
    )


def _function(source: bytes, line: int) -> ast.AST | None:
    """Return the function whose first decorator, or else `def`, stands at a line; the whole module for line 0."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    if not line:
        return tree
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    starts = ((min([node.lineno, *(each.lineno for each in node.decorator_list)]), node) for node in functions)
    return next((node for start, node in starts if line in (start, node.lineno)), None)


def _words(source: bytes, line: int) -> set[str]:
    """Return the texts and the names of keyword arguments in a function or a module."""
    function = _function(source, line)
    nodes = list(ast.walk(function)) if function else []
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return texts | {node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg}


def _pointer(source: bytes, line: int, token: str) -> str:
    """Return where a token of this name stands in what a view returns, empty where its code does not show it."""
    function = _function(source, line)
    returned = (node.value for node in ast.walk(function) if isinstance(node, ast.Return)) if function else ()
    found = [names for value in returned for names in _names(value, ()) if names[-1] == token]
    escaped = (name.replace("~", "~0").replace("/", "~1") for name in min(found, key=len, default=()))
    return "/".join(escaped)


def _names(node: ast.expr | None, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the names of the members of an answer, each below those of the objects that it stands in."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield (*above, key.value)
                yield from _names(value, (*above, key.value))
    elif isinstance(node, ast.Tuple):
        yield from _names(node.elts[0] if node.elts else None, above)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("jsonify", "dict"):
        for value in node.args:
            yield from _names(value, above)
        for keyword in node.keywords:
            if keyword.arg:
                yield (*above, keyword.arg)
                yield from _names(keyword.value, (*above, keyword.arg))


def _text(source: bytes, line: int) -> str:
    function = _function(source, line)
    return ast.unparse(function) if function else ""


def _one_of(names: Iterable[str], words: set[str]) -> str:
    return next((name for name in names if name in words), "")
