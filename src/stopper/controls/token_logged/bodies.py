"""The body of a login that is written to a log whole: the password is in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from stopper.observe.source import Function, Module, within
from stopper.observe.source.flows import is_logger, last_name, words
from stopper.observe.source.names import Assigned, bindings_of

_LEVELS = frozenset("debug info warning warn error critical exception log".split())
_LOGS_IN = frozenset(
    "login signin register registration signup auth authenticate authentication password token".split()
)
_BODIES = frozenset({"json", "form", "values", "data"})
_WHOLE = frozenset({"dict", "str", "repr", "dumps", "pformat", "format", "decode"})
"""Functions whose answer shows all that they are given."""


def bodies(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call that writes a login's whole body, with what writes it."""
    if not module.mentions("passw", "pwd", "login", "regist") or "request" not in module.text:
        return
    for call in module.nodes(ast.Call):
        writes = _writes(call)
        function = module.function_of(call) if writes else None
        if function is not None and any(_body(module, given) for given in _given(call)) and _logs_in(module, function):
            yield call, writes


def _writes(call: ast.Call) -> str:
    """Return what a call writes with, "" where it writes nothing."""
    if isinstance(call.func, ast.Attribute):
        logs = call.func.attr in _LEVELS and is_logger(last_name(call.func.value))
        return f"{last_name(call.func.value)}.{call.func.attr}" if logs else ""
    return "print" if last_name(call) in ("print", "pprint") else ""


def _given(call: ast.Call) -> Iterator[ast.expr]:
    """Yield what is written, out of texts and of functions that show the whole of it."""
    for argument in call.args:
        for part in within(argument):
            if isinstance(part, ast.FormattedValue):
                yield part.value
            elif isinstance(part, ast.Call) and last_name(part) in _WHOLE:
                yield from part.args
        yield argument


def configurations(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call that writes all settings of the application or the process, keys among them."""
    if "config" not in module.text and "environ" not in module.text:
        return
    for call in module.nodes(ast.Call):
        writes = _writes(call)
        if writes and any(_settings(module, given) for given in _given(call)):
            yield call, writes


def _settings(module: Module, node: ast.expr) -> bool:
    named = isinstance(node, ast.Attribute) and node.attr in ("config", "environ")
    return named and module.qualified(node) in ("flask.Flask.config", "flask.current_app.config", "os.environ")


def _body(module: Module, node: ast.expr) -> bool:
    """Tell whether an expression is the whole body of the request, itself or through the one variable that holds it."""
    if isinstance(node, ast.Name):
        found = bindings_of(module, node, node.id)
        only = found[1][0] if found is not None and len(found[1]) == 1 else None
        return isinstance(only, Assigned) and not only.inside and _is_body(module, only.value)
    return _is_body(module, node)


def _is_body(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return last_name(node) == "get_json" and module.qualified(node.func) == "flask.request.get_json"
    named = isinstance(node, ast.Attribute) and node.attr in _BODIES
    return named and (module.qualified(node) or "").removeprefix("flask.request.") in _BODIES


def _logs_in(module: Module, function: Function) -> bool:
    """Tell whether a function takes passwords by its name, its class's, or the path of its operation."""
    owner = module.class_of(function)
    told = {*words(function.name), *(words(owner.name) if owner is not None else ())}
    for endpoint in module.endpoints(function):
        told.update(words(endpoint.path))
    return not _LOGS_IN.isdisjoint(told)
