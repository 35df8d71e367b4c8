"""Values for path parameters: from the list that the item belongs to, and from nowhere else."""

from __future__ import annotations

import json

import pytest

from stopper.engine.values import learnt, recorded
from stopper.model import Endpoint, Place, Witness
from stopper.observe.views import Access, Baseline, Exchange, Operation, Parameter, Request, Response


def baseline(path: str, body: object, status: int = 200, method: str = "GET", asked: str = "") -> Baseline:
    """Return what an operation answered to the identity; `asked` is its path as it was filled."""
    response = Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())
    exchange = Exchange(Request(method, f"https://shop.test{asked or path}"), response)
    return Baseline(Witness.WIRE, Endpoint(method, path), Access.GUARDED, original=exchange)


@pytest.mark.parametrize(
    ("path", "body", "value"),
    [
        ("/orders/{id}", [{"id": 7}, {"id": 8}], {"id": "7"}),
        ("/orders/{order_id}", {"orders": [{"name": "x", "id": "a-7"}]}, {"order_id": "a-7"}),
        ("/orders/{number}", {"data": {"items": [{"id": 1, "number": 70}]}}, {"number": "70"}),
        ("/orders/{pk}/lines", {"ids": [5], "result": [{"title": "x"}]}, {"pk": "5"}),
        ("/orders/{pk}", {"columns": ["title"], "result": []}, {}),
        ("/orders/{id}", [{"id": True}], {}),
        ("/orders/{id}", [{"id": "x" * 201}], {}),
        ("/orders/{id}", {"id": 7}, {}),
    ],
)
def test_first_item_of_the_list_tells_its_identifier(path: str, body: object, value: dict[str, str]) -> None:
    """The member named like the parameter, then like its last word, then an id; only of an item in a list."""
    assert learnt(path, None, [baseline("/orders/", body)]) == value


@pytest.mark.parametrize(
    "answer",
    [
        baseline("/orders", [{"id": 7}], status=401),
        baseline("/orders", [{"id": 7}], method="POST"),
        baseline("/goods", [{"id": 7}]),
        baseline("/orders", "no list"),
    ],
)
def test_nothing_is_learnt_from_another_answer(answer: Baseline) -> None:
    """A refusal, another method, another path or no list tells nothing."""
    assert not learnt("/orders/{id}", None, [answer])


def test_parameter_with_a_value_is_left_alone() -> None:
    """What the specification gives is not asked for: the first parameter without a value counts."""
    place = Place("openapi.yaml", 1)
    shop = Parameter("shop", "path", True, place, values=("a",))
    operation = Operation(Endpoint("GET", "/shops/{shop}/orders/{id}"), place, parameters=(shop,))
    answers = [
        baseline("/shops", [{"shop": "b"}]),
        baseline("/shops/{shop}/orders", [{"id": 3}], asked="/shops/a/orders"),
    ]
    assert learnt("/shops/{shop}/orders/{id}", operation, answers) == {"id": "3"}
    elsewhere = [answers[0], baseline("/shops/{shop}/orders", [{"id": 3}], asked="/shops/b/orders")]
    assert learnt("/shops/{shop}/orders/{id}", operation, elsewhere) == {}, "an order of another shop"


def test_lists_below_lists() -> None:
    """One list tells the value with which the next was asked; both fill a path with two parameters."""
    answers = [
        baseline("/shops", [{"id": "b"}]),
        baseline("/shops/{id}/orders", [{"number": 3}], asked="/shops/b/orders"),
    ]
    assert learnt("/shops/{id}/orders/{number}", None, answers) == {"id": "b", "number": "3"}


@pytest.mark.parametrize(
    ("path", "collection"),
    [
        ("/bills/{order_id}/print", "/v1/orders"),
        ("/x/{categoryId}", "/categories"),
        ("/x/{box_uuid}", "/boxes/"),
    ],
)
def test_a_list_that_is_called_like_the_parameter(path: str, collection: str) -> None:
    """Where there is no list before the item, one that has the parameter's name tells a value."""
    assert list(learnt(path, None, [baseline(collection, [{"id": 7}])]).values()) == ["7"]
    assert not learnt("/x/{id}", None, [baseline(collection, [{"id": 7}])])


def test_values_of_recorded_traffic() -> None:
    """A recorded exchange fills each parameter, decoded, behind a prefix too; a value of dots alone fills nothing."""
    seen = [
        Exchange(Request("GET", f"https://shop.test{path}"), Response(200))
        for path in ("/x", "/api/shops/a%20b/orders/7?q=1")
    ]
    assert recorded("/shops/{shop}/orders/{id}", seen) == {"shop": "a b", "id": "7"}
    assert recorded("/shops/{shop}", seen) == {}
    assert recorded("/s/{id}", [Exchange(Request("GET", "https://shop.test/s/.."), Response(200))]) == {}
