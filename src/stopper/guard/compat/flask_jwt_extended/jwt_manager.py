"""The extension object, under the module name by which applications import it too."""

from __future__ import annotations

from stopper.guard.compat.flask_jwt_extended.manager import JWTManager

__all__ = ["JWTManager"]
