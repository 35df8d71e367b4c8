"""What the routes ask, in OpenAPI's words: taken from the declarations that are enforced, so the two cannot drift."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask

from stopper.guard.rules import Access, Rule, rule_for
from stopper.guard.settings import Settings

SCHEME = "bearer"
"""The name of the security scheme in the document."""
DPOP = "dpop"
CERTIFICATE = "clientCertificate"
"""The names of those that bound tokens have besides, where they are configured."""

_METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")
_ARGUMENT = re.compile(r"<(?:[A-Za-z_]\w*(?:\([^)]*\))?:)?([A-Za-z_]\w*)>")
_REFUSALS = {
    "401": {
        "description": "No valid access token was presented.",
        "headers": {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "RFC 6750 challenge."}},
    },
    "403": {"description": "The access token lacks a scope, or the request did not come over HTTPS."},
}


def schemes(settings: Settings) -> dict[str, dict[str, str]]:
    """Return the security schemes that an API offers."""
    offered = {SCHEME: {"type": "http", "scheme": "bearer"}}
    if settings.dpop:
        offered[DPOP] = {"type": "http", "scheme": "dpop"}  # RFC 9449 §7.1
    if settings.mtls:
        offered[CERTIFICATE] = {"type": "mutualTLS"}
    return offered


def describe(app: Flask, default: Rule, settings: Settings) -> dict[str, Any]:
    """Return the parts of an OpenAPI 3.1 document that speak of security.

    That is `components.securitySchemes` and, for each route and method that Flask serves, `security` and the answers
    401 and 403. Automatic HEAD and OPTIONS answers are left out, as documents do.
    """
    paths: dict[str, dict[str, Any]] = {}
    for path, method, rule in _operations(app, default):
        paths.setdefault(path, {})[method] = _operation(rule, settings)
    return {
        "components": {"securitySchemes": schemes(settings)},
        "security": _demands(Rule(Access.REQUIRE), settings),
        "paths": paths,
    }


def _operations(app: Flask, default: Rule) -> Iterator[tuple[str, str, Rule]]:
    for url_rule in sorted(app.url_map.iter_rules(), key=lambda found: found.rule):
        methods = url_rule.methods or set()
        for method in _METHODS:
            automatic = (method == "HEAD" and "GET" in methods) or (
                method == "OPTIONS" and getattr(url_rule, "provide_automatic_options", False)
            )
            if method in methods and not automatic:
                yield template(url_rule.rule), method.lower(), rule_for(app, url_rule, method, default)


def scopes(app: Flask, default: Rule) -> list[str]:
    """Return every scope that some route asks for."""
    return sorted({scope for _, _, rule in _operations(app, default) for scope in rule.scopes})


def template(rule: str) -> str:
    """Return a Flask rule as an OpenAPI path: `/users/<int:id>` is `/users/{id}`."""
    return _ARGUMENT.sub(r"{\1}", rule)


def _operation(rule: Rule, settings: Settings) -> dict[str, Any]:
    if rule.access is Access.PUBLIC:
        return {"security": []}
    demands = _demands(rule, settings)
    security = [{}, *demands] if rule.access is Access.OPTIONAL else demands
    return {"security": security, "responses": copy.deepcopy(_REFUSALS)}


def _demands(rule: Rule, settings: Settings) -> list[dict[str, list[str]]]:
    """Return what lets a caller in, one entry for each way: any token or a bound one, with what it is bound to."""
    scopes = sorted(rule.scopes)
    demands = []
    if not (rule.bound or settings.bound):
        demands.append({SCHEME: scopes})
    elif settings.mtls:
        demands.append({SCHEME: scopes, CERTIFICATE: []})
    return [*demands, {DPOP: scopes}] if settings.dpop else demands


def merge(document: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the security of its operations replaced by what the guard enforces.

    Only operations that the document has are touched, wherever a server's base path puts them; its other security
    schemes and answers stay. In OpenAPI 3.0 a bearer requirement cannot list scopes (§Security Requirement Object):
    there they stand in `x-required-scopes`, and there is no scheme for client certificates.
    """
    merged = copy.deepcopy(dict(document))
    offered = merged.setdefault("components", {}).setdefault("securitySchemes", {})
    offered.update(copy.deepcopy(parts["components"]["securitySchemes"]))
    merged["security"] = copy.deepcopy(parts["security"])
    old = str(merged.get("openapi", "3.1")).startswith("3.0")
    if old:
        offered.pop(CERTIFICATE, None)
        _move_scopes(merged)
    bases = _base_paths(merged)
    for path, item in merged.get("paths", {}).items():
        for method in item.keys() & {name.lower() for name in _METHODS}:
            described = _found(parts["paths"], bases, path, method)
            if described is not None:
                complete(item[method], described, scopes_beside=old)
    return merged


def _base_paths(document: Mapping[str, Any]) -> list[str]:
    """Return the paths of the document's servers, longest first, an empty one at the end."""
    urls = [str(server.get("url", "")) for server in document.get("servers", ())]
    paths = {re.sub(r"^[a-z]+://[^/]*", "", url).rstrip("/") for url in urls}
    return sorted(paths | {""}, key=len, reverse=True)


def _found(paths: Mapping[str, Any], bases: list[str], path: str, method: str) -> dict[str, Any] | None:
    for base in bases:
        operation: dict[str, Any] | None = paths.get(base + path, {}).get(method)
        if operation is not None:
            return operation
    return None


def complete(operation: dict[str, Any], described: Mapping[str, Any], *, scopes_beside: bool) -> None:
    """Put the security of a route into an operation, and the answers 401 and 403 where they are missing.

    `scopes_beside` is for OpenAPI 3.0, where a bearer requirement cannot list them.
    """
    operation["security"] = copy.deepcopy(described["security"])
    for status, answer in described.get("responses", {}).items():
        operation.setdefault("responses", {}).setdefault(status, copy.deepcopy(answer))
    if scopes_beside:
        _move_scopes(operation)


def _move_scopes(operation: dict[str, Any]) -> None:
    for requirement in operation["security"]:
        for scheme in (SCHEME, DPOP):
            if scopes := requirement.get(scheme):
                operation["x-required-scopes"] = scopes
                requirement[scheme] = []
        requirement.pop(CERTIFICATE, None)
