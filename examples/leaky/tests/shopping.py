"""A visitor of the shop: a client that sends its token in the header, over TLS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


@dataclass(frozen=True)
class Visitor:
    """A client with the token of its user, none for a stranger."""

    client: FlaskClient
    token: str = field(default="", repr=False)

    def get(self, path: str) -> TestResponse:
        """Look at something."""
        return self.client.get(path, base_url="https://localhost", headers=self._headers)

    def post(self, path: str, body: Any = None) -> TestResponse:
        """Send JSON."""
        return self.client.post(path, base_url="https://localhost", headers=self._headers, json=body)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}
