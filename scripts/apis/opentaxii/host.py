"""Makes an account, an API root and two collections for OpenTAXII, whose configuration stands in the environment.

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
        root = api.add_api_root("Sharing", default=True)
        for title in ("Indicators", "Reports"):
            api.add_collection(root.id, title)
        return f"/taxii2/{root.id}/"


def described(root: str) -> dict[str, object]:
    """Return the document: TAXII 2.1 sections 4.1, 4.2 and 5.1 to 5.4."""
    answers = {"200": {"description": "As asked"}, "401": {"description": "Not known"}}
    accepted = {
        "name": "Accept",
        "in": "header",
        "required": True,
        "schema": {"type": "string", "enum": ["application/taxii+json;version=2.1"]},
    }
    collection = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = ("/taxii2/", root, f"{root}collections/", f"{root}collections/{{id}}/", f"{root}collections/{{id}}/objects/")
    read = {
        path: {"get": {"parameters": [accepted, *([collection] if "{id}" in path else [])], "responses": answers}}
        for path in paths
    }
    login = {"post": {"security": [], "responses": {"200": {"description": "A token"}}}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "OpenTAXII", "version": "2.1"},
        "security": [{"token": []}],
        "paths": {"/management/auth": login, **read},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


if __name__ == "__main__":
    Path(os.environ["TAXII_DESCRIPTION"]).write_text(json.dumps(described(fill())))
