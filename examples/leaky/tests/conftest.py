"""The shop on a database of its own, with Ada logged in."""

from __future__ import annotations

import secrets

import pytest
from flask.testing import FlaskClient
from shop import create_app

from tests.shopping import Visitor


@pytest.fixture(scope="session")
def password() -> str:
    """The password of the demonstration users, made anew for each run."""
    return secrets.token_urlsafe()


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory, password: str) -> FlaskClient:
    """A client of the shop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_DATABASE", str(tmp_path_factory.mktemp("shop") / "shop.sqlite"))
        patch.setenv("SHOP_PASSWORD", password)
        return create_app().test_client(use_cookies=False)


@pytest.fixture(scope="session")
def stranger(client: FlaskClient) -> Visitor:
    """Somebody who is not logged in."""
    return Visitor(client)


@pytest.fixture(scope="session")
def ada(stranger: Visitor, password: str) -> Visitor:
    """Ada, logged in."""
    answer = stranger.post("/auth/login", {"username": "ada", "password": password})
    return Visitor(stranger.client, answer.json["access_token"])
