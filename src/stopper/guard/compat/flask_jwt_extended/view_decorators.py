"""What protects views, under the module name by which applications import it too."""

from __future__ import annotations

from stopper.guard.compat.flask_jwt_extended import jwt_required, verify_jwt_in_request

__all__ = ["jwt_required", "verify_jwt_in_request"]
