"""What anybody may read: the keys that verify our signed tokens, and metadata by RFC 8414 and RFC 9728."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, jsonify, url_for
from flask.blueprints import BlueprintSetupState

from stopper.guard import openapi
from stopper.guard.clients import GRANTS
from stopper.guard.gate import RESOURCE_METADATA, Gate, current_gate

_WELL_KNOWN = "/.well-known/oauth-"
_FOR_CACHES = "public, max-age=300"

Describe = Callable[[Gate], Mapping[str, Any]]


def add_to(blueprint: Blueprint, prefix: str) -> None:
    """Give a blueprint the key set below `prefix`, and the metadata where their RFCs want them."""
    blueprint.add_url_rule(f"{prefix}/jwks", "jwks", _keys)
    for document, describe, identifier in (
        ("authorization-server", _server, "issuer"),
        ("protected-resource", _resource, "resource"),
    ):
        path, view = f"{_WELL_KNOWN}{document}", _describing(describe, identifier)
        blueprint.add_url_rule(path, document, view, defaults={"suffix": ""})
        blueprint.add_url_rule(f"{path}/<path:suffix>", document, view)
    blueprint.record(_announce)


def _announce(state: BlueprintSetupState) -> None:
    """Let the challenges of an application name where the metadata of its API is (RFC 9728 §5.1)."""
    if not state.url_prefix:  # below a prefix it is not where clients look for it
        state.app.extensions[RESOURCE_METADATA] = _address_of_resource


def _address_of_resource(gate: Gate) -> str:
    """Return the well-known address of the resource's metadata, empty where it has no name (RFC 9728 §3.1)."""
    parts = urlsplit(_resource_name(gate))
    return f"https://{parts.netloc}{_WELL_KNOWN}protected-resource{parts.path.rstrip('/')}" if parts.netloc else ""


def _keys() -> Response:
    """Publish the keys that our signed tokens are verified with, none where none are signed."""
    gate = current_gate()
    response = jsonify(gate.tokens.keys.ring().public() if gate.settings.issuer else {"keys": []})
    response.content_type = "application/jwk-set+json"  # RFC 7517 §8.5.2
    response.headers["Cache-Control"] = _FOR_CACHES
    return response


def _describing(describe: Describe, identifier: str) -> Callable[[str], Response]:
    """Return a view that serves a document at the well-known path of its identifier only (RFC 8414 §3.1)."""

    @functools.wraps(describe)
    def show(suffix: str) -> Response:
        document = describe(current_gate())
        name = document[identifier]
        if not name or urlsplit(name).path.strip("/") != suffix:
            abort(404)
        response = jsonify(document)
        response.headers["Cache-Control"] = _FOR_CACHES
        return response

    return show


def _server(gate: Gate) -> Mapping[str, Any]:
    """Return RFC 8414 metadata. There is no authorization endpoint, hence no response types."""
    issuer = urlsplit(gate.settings.issuer)

    def url(endpoint: str) -> str:
        # of the configured name and not of the Host header, which a client chooses
        return f"{issuer.scheme}://{issuer.netloc}{url_for(f'.{endpoint}')}"

    methods = ["client_secret_basic", "none"]
    return {
        "issuer": gate.settings.issuer,
        "token_endpoint": url("token"),
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint": url("revoke"),
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint": url("introspect"),
        "introspection_endpoint_auth_methods_supported": methods[:1],
        "jwks_uri": url("jwks"),
        "grant_types_supported": list(GRANTS),
        "response_types_supported": [],
        "scopes_supported": openapi.scopes(current_app, gate.default),
        **_binding(gate),
    }


def _binding(gate: Gate) -> Mapping[str, Any]:
    """Return what both documents say of bound tokens: nothing where tokens are not bound here."""
    members: dict[str, Any] = {}
    if gate.settings.dpop:
        from stopper.guard.dpop import ALGORITHMS

        members["dpop_signing_alg_values_supported"] = list(ALGORITHMS)  # RFC 9449 §5.1
    if gate.settings.mtls:
        members["tls_client_certificate_bound_access_tokens"] = True  # RFC 8705 §3.3
    return members


def _resource(gate: Gate) -> Mapping[str, Any]:
    """Return RFC 9728 metadata."""
    issuers = [gate.settings.issuer] if gate.settings.issuer else []
    binding = dict(_binding(gate))
    if gate.settings.dpop:
        binding["dpop_bound_access_tokens_required"] = gate.settings.bound and not gate.settings.mtls
    return {
        "resource": _resource_name(gate),
        "authorization_servers": [*issuers, *gate.settings.trusted_issuers],
        "bearer_methods_supported": ["header"],
        "scopes_supported": openapi.scopes(current_app, gate.default),
        **binding,
    }


def _resource_name(gate: Gate) -> str:
    """Return the first of our audiences that is an https URL, which names this API as a resource."""
    return next((name for name in gate.tokens.audiences if name.startswith("https://")), "")
