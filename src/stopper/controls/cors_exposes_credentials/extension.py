"""What Flask-CORS is told: in its calls, its decorator and its settings."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from stopper.observe.source import Module
from stopper.observe.source.flows import last_name, settings

_ANY = frozenset({"*", ".*", "http*", "https://*", "http://*", "https?://.*", "^.*$", "/.*/"})
_NAMES = frozenset({"flask_cors.CORS", "flask_cors.CORS.init_app", "flask_cors.cross_origin"})
_READS = frozenset({"get", "getenv", "config", "env", "split", "strip"})


def configured(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield each place where credentials are allowed, with why they are so to every origin; "" where they are not.

    Without origins the extension sends back the one that asks.
    """
    for call in module.nodes(ast.Call) if module.mentions("cors", "cross_origin") else ():
        if last_name(call) in ("CORS", "cross_origin", "init_app") and module.qualified(call.func) in _NAMES:
            yield from _called(module, call)
    for node, value in settings(module, frozenset({"CORS_SUPPORTS_CREDENTIALS"})):
        if value is True and _used(module) and not _told_origins(module):
            yield node, "CORS_SUPPORTS_CREDENTIALS is set, and CORS_ORIGINS is not"


def _called(module: Module, call: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    options = {each.arg: each.value for each in call.keywords if each.arg}
    if None in {each.arg for each in call.keywords}:
        return
    whole = module.constant(options["supports_credentials"]) if "supports_credentials" in options else False
    for origins, credentials in _rules(module, options, whole):
        if not isinstance(credentials, bool | int | str) or not credentials:
            continue  # any text is as good as True to the extension
        if origins is None:
            if not _setting(module):
                yield call, "no origins are named, so that the one that asks is sent back"
        elif _is_any(module, origins):
            yield call, "every origin matches, so that the one that asks is sent back"
        elif _falls_back(module, origins):
            yield call, "every origin matches where none are configured"
        elif isinstance(module.constant(origins), str | list | tuple | frozenset):
            yield call, ""


def _rules(module: Module, options: Mapping[str, ast.expr], whole: Any) -> Iterator[tuple[ast.expr | None, Any]]:
    """Yield the origins and the allowance of credentials for all paths, or for each pattern of `resources`."""
    resources = options.get("resources")
    each = (
        [value for value in resources.values if isinstance(value, ast.Dict)] if isinstance(resources, ast.Dict) else []
    )
    if not each:
        yield options.get("origins"), whole
    for rule in each:
        told = {
            key.value: value for key, value in zip(rule.keys, rule.values, strict=True) if isinstance(key, ast.Constant)
        }
        own = module.constant(told["supports_credentials"]) if "supports_credentials" in told else whole
        yield told.get("origins", options.get("origins")), own


def _is_any(module: Module, origins: ast.expr) -> bool:
    known = module.constant(origins)
    if isinstance(known, list | tuple | frozenset):
        return not _ANY.isdisjoint(each for each in known if isinstance(each, str))
    return isinstance(known, str) and known in _ANY


def _falls_back(module: Module, origins: ast.expr) -> bool:
    """Tell whether every origin is allowed where a setting is missing: `environ.get("ORIGINS", "*")`."""
    if isinstance(origins, ast.BoolOp):
        return _is_any(module, origins.values[-1])
    if not isinstance(origins, ast.Call) or last_name(origins) not in _READS:
        return False
    inner = origins.func.value if isinstance(origins.func, ast.Attribute) else None
    default = [*origins.args[1:2], *(each.value for each in origins.keywords if each.arg == "default")]
    if isinstance(inner, ast.Call) and _falls_back(module, inner):
        return True
    return bool(default) and _is_any(module, default[0])


def _setting(module: Module) -> bool:
    return any(each.mentions("cors_origins") for each in module.project.modules)


def _used(module: Module) -> bool:
    return any(each.mentions("flask_cors") for each in module.project.modules)


def _told_origins(module: Module) -> bool:
    """Tell whether any call or setting of the project names origins."""
    if _setting(module):
        return True
    for other in module.project.modules:
        for call in other.nodes(ast.Call) if other.mentions("flask_cors") else ():
            if other.qualified(call.func) in _NAMES and any(
                each.arg in ("origins", "resources", None) for each in call.keywords
            ):
                return True
    return False
