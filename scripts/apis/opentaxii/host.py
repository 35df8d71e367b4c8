"""Makes an account and an API root for OpenTAXII, whose configuration stands in the environment.

What TAXII 2.1 says of the paths below that root is written as an OpenAPI document to `TAXII_DESCRIPTION`: the
application serves all of them by one rule and describes none.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from opentaxii.http import app, server


def fill() -> str:
    """Make what the API is for, under names of our own, and return the root's path."""
    with app.app_context():
        server.auth.api.create_account("ada", os.environ["TAXII_PASSWORD"], is_admin=True)
        api = server.servers.taxii2.persistence.api
        return f"/taxii2/{api.add_api_root('Sharing', default=True).id}/"


def described(root: str) -> dict[str, object]:
    """Return the document: TAXII 2.1 sections 4.1 and 4.2; this release cannot list collections."""
    answers = {"200": {"description": "As asked"}, "401": {"description": "Not known"}}
    accepted = {
        "name": "Accept",
        "in": "header",
        "required": True,
        "schema": {"type": "string", "enum": ["application/taxii+json;version=2.1"]},
    }
    read = {path: {"get": {"parameters": [accepted], "responses": answers}} for path in ("/taxii2/", root)}
    health = {"get": {"security": [], "responses": {"200": {"description": "Alive"}}}}
    login = {"post": {"security": [], "responses": {"200": {"description": "A token"}}}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "OpenTAXII", "version": "2.1"},
        "security": [{"token": []}],
        "paths": {"/management/auth": login, "/management/health": health, **read},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


if __name__ == "__main__":
    Path(os.environ["TAXII_DESCRIPTION"]).write_text(json.dumps(described(fill())))
