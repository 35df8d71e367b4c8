"""What the routes ask, told to apispec and to what is built on it.

    APISpec(..., plugins=[GuardPlugin(app)])
    flask_smorest.Api(app, spec_kwargs={"extra_plugins": [GuardPlugin(app)]})

APIFlask needs no plugin: `app.spec_processor(guard.openapi)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec import APISpec, BasePlugin
from flask import Flask

from stopper.guard import openapi
from stopper.guard.gate import EXTENSION, Gate


class GuardPlugin(BasePlugin):
    """Gives each operation that apispec documents the security that the guard enforces on its route."""

    def __init__(self, app: Flask) -> None:
        """Take the guarded application; its routes are asked when an operation is documented."""
        self._app = app
        self._scopes_stand_beside = False

    def init_spec(self, spec: APISpec) -> None:
        """Declare the bearer scheme."""
        super().init_spec(spec)
        spec.components.security_scheme(openapi.SCHEME, {"type": "http", "scheme": "bearer"})
        self._components = spec.components
        self._scopes_stand_beside = (spec.openapi_version.major, spec.openapi_version.minor) == (3, 0)

    def operation_helper(self, path: str | None = None, operations: dict[str, Any] | None = None, **_: Any) -> None:
        """Put the security of a path's operations in, with the answers 401 and 403 where they are missing."""
        gate: Gate = self._app.extensions[EXTENSION]
        described = openapi.describe(self._app, gate.default, gate.settings)["paths"].get(path, {})
        self._declare_more(openapi.schemes(gate.settings))
        for method, operation in (operations or {}).items():
            if method in described:
                openapi.complete(operation, described[method], scopes_beside=self._scopes_stand_beside)

    def _declare_more(self, offered: Mapping[str, Mapping[str, str]]) -> None:
        """Declare the schemes of bound tokens, as soon as the configuration may be read."""
        for name in offered.keys() - self._components.security_schemes.keys():
            if not (name == openapi.CERTIFICATE and self._scopes_stand_beside):  # which OpenAPI 3.0 does not have
                self._components.security_scheme(name, dict(offered[name]))
