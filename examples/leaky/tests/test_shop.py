"""The shop as its customers know it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shopping import Visitor

SHOWN: dict[str, Any] = {
    "/orders": [
        {"number": 1, "article": "Lamp", "pieces": 2},
        {"number": 2, "article": "Chair", "pieces": 4},
    ],
    "/orders/1": {"number": 1, "article": "Lamp", "pieces": 2},
    "/account/addresses": [{"name": "ada", "city": "London"}],
    "/account/vouchers": [{"owner": "ada", "percent": 10}],
    "/customers/1": {"name": "ada", "email": "ada@shop.example.com"},
    "/reports/daily": {"orders": 3, "pieces": 7},
    "/stock/lamp": {"article": "lamp", "pieces": 12},
    "/suppliers": [{"supplier": "Wood & Sons", "article": "Chair", "cost": 21}],
    "/tills/prices": [
        {"article": "Lamp", "price": 30, "cost": 14},
        {"article": "Chair", "price": 45, "cost": 21},
    ],
}


@pytest.mark.parametrize("path", SHOWN)
def test_who_is_logged_in_sees_what_is_kept(ada: Visitor, path: str) -> None:
    """Ada is shown what the shop has for her."""
    answer = ada.get(path)
    assert (answer.status_code, answer.json) == (200, SHOWN[path])


def test_a_label_is_printed(ada: Visitor) -> None:
    """An order's label is text."""
    answer = ada.get("/orders/1/label")
    assert (answer.mimetype, answer.text) == ("text/plain", "2 x Lamp\n")


@pytest.mark.parametrize("path", ["/orders/3", "/orders/3/label", "/orders/9", "/customers/9", "/stock/sofa"])
def test_what_is_not_there_is_not_found(ada: Visitor, path: str) -> None:
    """Neither what does not exist nor the order of another customer."""
    assert ada.get(path).status_code == 404


def test_everybody_sees_the_products(stranger: Visitor) -> None:
    """What is on offer is open to all."""
    assert [each["article"] for each in stranger.get("/products").json] == ["Lamp", "Chair"]


@pytest.mark.parametrize("path", ["/orders", "/account/addresses", "/stock/lamp", "/auth/support"])
def test_a_stranger_is_refused(stranger: Visitor, path: str) -> None:
    """Without a token there is a 401."""
    assert stranger.get(path).status_code == 401


@pytest.mark.parametrize("path", ["/auth/token", "/auth/device", "/auth/support", "/auth/legacy"])
def test_a_token_for_another_place_is_as_good(ada: Visitor, path: str) -> None:
    """Each token that a caller is given for another place opens her orders or the prices."""
    answer = ada.get(path)
    assert answer.json["token_type"] == "Bearer"
    assert Visitor(ada.client, answer.json["access_token"]).get("/tills/prices").status_code == 200


def test_a_wrong_password_is_refused(stranger: Visitor) -> None:
    """Who does not know the password gets no token."""
    assert stranger.post("/auth/login", {"username": "ada", "password": "wrong"}).status_code == 401


def test_who_is_remembered_needs_no_password(ada: Visitor, stranger: Visitor) -> None:
    """The token of `remember` takes the place of the password; another one does not."""
    remembered = ada.post("/auth/remember")
    assert remembered.status_code == 201
    resumed = stranger.post("/auth/resume", remembered.json)
    assert Visitor(ada.client, resumed.json["access_token"]).get("/orders").status_code == 200
    assert stranger.post("/auth/resume", {"remember_token": "another"}).status_code == 401


def test_a_partners_key_is_taken(ada: Visitor, stranger: Visitor) -> None:
    """A new key is long enough and works; another one does not."""
    made = ada.post("/partners/keys")
    assert len(made.json["partner_key"]) >= 40
    answer = stranger.post("/auth/partner", made.json)
    assert Visitor(ada.client, answer.json["access_token"]).get("/orders").status_code == 200
    assert stranger.post("/auth/partner", {"partner_key": "another"}).status_code == 401
