"""Requests that the program sends to others: which calls send them, and what can be told of their URL."""

from __future__ import annotations

import ast
import re
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stopper.observe.source import names
from stopper.observe.source.names import Assigned, Definition
from stopper.observe.source.syntax import within

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

_LIBRARIES = frozenset(
    "requests httpx aiohttp urllib urllib2 urllib3 requests_oauthlib requests_futures requests_cache requests_toolbelt "
    "niquests cloudscraper grequests curl_cffi websocket websockets httplib2".split()
)
_SENDING = frozenset(
    "get post put patch delete head options request send stream urlopen urlretrieve ws_connect fetch_token "
    "refresh_token create_connection Request".split()
)
_HOLDERS = frozenset("session sess client http https requests httpx".split())
_HELD = frozenset({"codes", "headers", "cookies", "params"})
"""What a library or its sessions hold: a look-up there sends nothing."""

_URL_SECOND = frozenset({"request", "stream"})
_LOOPBACK = re.compile(r"(?:^|//|@)(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)(?:[:/%{]|$)", re.IGNORECASE)
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Outbound:
    """A call that sends a request; `url` is the expression of its URL, None where the call has none."""

    call: ast.Call
    url: ast.expr | None


def outbound(module: Module, call: ast.Call) -> Outbound | None:
    """Return what a call sends, None for a call that sends no request.

    Told by the library that the function belongs to; where its object is unknown, by names such as `session.get`.
    """
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name not in _SENDING and not (isinstance(call.func, ast.Name) and call.func.id in _renamed(module)):
        return None
    known = module.qualified(call.func)
    if known is not None:
        library, *between, last = known.split(".")
        sends = library in _LIBRARIES and last in _SENDING and _HELD.isdisjoint(between)
        return Outbound(call, _url(call, last)) if sends else None
    if not isinstance(call.func, ast.Attribute) or not client(module, call.func.value):
        return None
    return Outbound(call, _url(call, name))


def _renamed(module: Module) -> frozenset[str]:
    """Return the plain names under which a module may have a function that sends: most calls are told by that alone."""
    if module not in _RENAMED:
        imported = (alias for node in module.nodes(ast.ImportFrom) for alias in node.names)
        found = {alias.asname for alias in imported if alias.name in _SENDING and alias.asname}
        for assign in module.nodes(ast.Assign):
            if isinstance(assign.value, ast.Attribute) and assign.value.attr in _SENDING:
                found.update(target.id for target in assign.targets if isinstance(target, ast.Name))
        _RENAMED[module] = _SENDING | found
    return _RENAMED[module]


_RENAMED: weakref.WeakKeyDictionary[Module, frozenset[str]] = weakref.WeakKeyDictionary()


def client(module: Module, node: ast.expr) -> bool:
    """Tell whether an object sends requests: it is made by such a library, or unknown and called so."""
    known = module.qualified(node)
    if known is not None:
        return known.partition(".")[0] in _LIBRARIES
    if isinstance(node, ast.Call):
        node = node.func
    written = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return written.lower().rpartition("_")[2] in _HOLDERS


def _url(call: ast.Call, name: str) -> ast.expr | None:
    position = 1 if name in _URL_SECOND else 0
    given = [keyword.value for keyword in call.keywords if keyword.arg == "url"]
    return next(iter([*given, *call.args[position : position + 1]]), None)


def beginning(module: Module, node: ast.expr, depth: int = 0) -> str:
    """Return the text that an expression always begins with, "" where that cannot be told."""
    whole = module.constant(node)
    if isinstance(whole, str) or depth > _DEEPEST:
        return whole if isinstance(whole, str) else ""
    if isinstance(node, ast.JoinedStr):
        first = node.values[0] if node.values else node
        start = first.value if isinstance(first, ast.FormattedValue) else first
        return beginning(module, start, depth + 1) if start is not node else ""
    if isinstance(node, ast.BinOp):
        return beginning(module, node.left, depth + 1).partition("%")[0]
    if isinstance(node, ast.Call):
        return _called_beginning(module, node, depth)
    bound = _bound(module, node)
    return beginning(module, bound, depth + 1) if bound is not None else ""


def _called_beginning(module: Module, call: ast.Call, depth: int) -> str:
    """Return the beginning of `"…".format()`, `text.replace()`, `urljoin(base, …)` and of the project's functions."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("format", "rstrip", "replace", "strip"):
        return beginning(module, call.func.value, depth + 1).partition("{")[0]
    target = module.resolve(call.func)
    if isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef):
        values = [statement.value for statement in target.module.returns(target.node) if statement.value is not None]
        found = {beginning(target.module, value, depth + 1) for value in values}
        return found.pop() if len(found) == 1 else ""
    joined = module.qualified(call.func) in ("urllib.parse.urljoin", "requests.compat.urljoin")
    return beginning(module, call.args[0], depth + 1) if joined and call.args else ""


def to_loopback(module: Module, url: ast.expr | None) -> bool:
    """Tell whether a URL's text names this very machine: such a request crosses no network."""
    return url is not None and any(_LOOPBACK.search(text) for text in _texts(module, url, 0))


def _texts(module: Module, node: ast.expr, depth: int) -> Iterator[str]:
    """Yield the constant texts of an expression, through names and what the project's functions return."""
    for part in within(node):
        if isinstance(part, ast.Constant):
            if isinstance(part.value, str):
                yield part.value
        elif depth < _DEEPEST and isinstance(part, ast.Name | ast.Attribute):
            whole = module.constant(part)
            bound = _bound(module, part)
            if isinstance(whole, str):
                yield whole
            elif bound is not None:
                yield from _texts(module, bound, depth + 1)
        elif depth < _DEEPEST and isinstance(part, ast.Call):
            target = module.resolve(part.func)
            if isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef):
                for statement in target.module.returns(target.node):
                    if statement.value is not None:
                        yield from _texts(target.module, statement.value, depth + 1)


def _bound(module: Module, node: ast.AST) -> ast.expr | None:
    """Return the only expression that a name is bound to."""
    found = names.bindings_of(module, node, node.id) if isinstance(node, ast.Name) else None
    bound = [binding for binding in found[1] if isinstance(binding, Assigned)] if found else []
    if found is None or len(found[1]) != 1 or len(bound) != 1 or bound[0].inside:
        return None
    return bound[0].value
