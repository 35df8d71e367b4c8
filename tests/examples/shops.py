"""An example shop in process, behind Flask's test client, with a credential that its login gave."""

from __future__ import annotations

import importlib
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

EXAMPLES = Path(__file__).parents[2] / "examples"
PASSWORD = "correct horse battery staple"
SECURE = "https://localhost"
CLEAR = "http://localhost"

PROTECTED = (
    "/account/addresses",
    "/account/vouchers",
    "/auth/device",
    "/auth/legacy",
    "/auth/support",
    "/auth/token",
    "/customers/1",
    "/orders",
    "/orders/1",
    "/orders/1/label",
    "/reports/daily",
    "/stock/lamp",
    "/suppliers",
    "/tills/prices",
)

PRELUDE = f"""
from shop import create_app
from shop.logs import log
client = create_app().test_client()
login = client.post("/auth/login", base_url={SECURE!r}, json={{"username": "ada", "password": {PASSWORD!r}}})
token = login.json["access_token"]
headers = {{"Authorization": "Bearer " + token}}
"""


@dataclass(frozen=True)
class Shop:
    """A shop under test: its application, its package, its database file and a token of its user Ada."""

    app: Flask
    package: ModuleType
    database: Path
    token: str

    @property
    def client(self) -> FlaskClient:
        """Return a client without cookies."""
        return self.app.test_client(use_cookies=False)

    @property
    def stored(self) -> str:
        """Return the whole database as text, blobs as hexadecimal digits."""
        database = sqlite3.connect(self.database)
        try:
            return "\n".join(database.iterdump())
        finally:
            database.close()

    @property
    def served(self) -> set[tuple[str, str]]:
        """Return the method and path template of every operation that the application serves."""
        return {
            (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
            for rule in self.app.url_map.iter_rules()
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }

    def get(self, path: str, token: str = "", base_url: str = SECURE, **headers: str) -> TestResponse:
        """Call an operation, over TLS where nothing else is said, with a bearer token where one is given."""
        return self.client.get(path, base_url=base_url, headers=bearer(token) | headers)

    def post(self, path: str, token: str = "", base_url: str = SECURE, json: Any = None) -> TestResponse:
        """Send JSON to an operation."""
        return self.client.post(path, base_url=base_url, headers=bearer(token), json=json)


def specification(example: str) -> dict[str, Any]:
    """Return an example's OpenAPI document."""
    return dict(yaml.safe_load((EXAMPLES / example / "openapi.yaml").read_text()))


def operations(example: str) -> dict[tuple[str, str], Any]:
    """Return the operations of an example's specification by method and path."""
    paths = specification(example)["paths"]
    return {(method.upper(), path): operation for path, item in paths.items() for method, operation in item.items()}


def printed(example: str, folder: Path, script: str) -> str:
    """Run a script in an interpreter of its own, with `client`, `token` and `log` of an example; return what it prints.

    Logging is one per process, and a guard redacts all of it: what an example logs is only seen in its own process.
    """
    environment = os.environ | {"SHOP_DATABASE": str(folder / "printed.sqlite"), "SHOP_PASSWORD": PASSWORD}
    command = [sys.executable, "-c", f"{PRELUDE}{script}"]
    run = subprocess.run(
        command, cwd=EXAMPLES / example, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return run.stdout


def bearer(token: str) -> dict[str, str]:
    """Return the header that presents a token, none for an empty one."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def forget_shop() -> None:
    """Take the package out of Python's memory: both examples call theirs `shop`."""
    for name in [name for name in sys.modules if name == "shop" or name.startswith("shop.")]:
        del sys.modules[name]


def opened(example: str, folder: Path) -> Iterator[Shop]:
    """Make an example's application on a database of its own and log Ada in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES / example)
        patch.setenv("SHOP_DATABASE", str(folder / "shop.sqlite"))
        patch.setenv("SHOP_PASSWORD", PASSWORD)
        patch.delenv("SHOP_SECRET_KEY", raising=False)
        forget_shop()
        package = importlib.import_module("shop")
        app = package.create_app()
        login = app.test_client().post("/auth/login", base_url=SECURE, json={"username": "ada", "password": PASSWORD})
        yield Shop(app, package, folder / "shop.sqlite", login.json["access_token"])
        forget_shop()
