"""Values for path parameters: from the list that the item belongs to, and from nowhere else."""

from __future__ import annotations

import json

import pytest

from stopper.engine.values import learnt
from stopper.model import Endpoint, Place, Witness
from stopper.observe.views import Access, Baseline, Exchange, Operation, Parameter, Request, Response


def baseline(path: str, body: object, status: int = 200, method: str = "GET") -> Baseline:
    """Return what an operation answered to the identity."""
    response = Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())
    exchange = Exchange(Request(method, f"https://shop.test{path}"), response)
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
    answers = [baseline("/shops", [{"shop": "b"}]), baseline("/shops/{shop}/orders", [{"id": 3}])]
    assert learnt("/shops/{shop}/orders/{id}", operation, answers) == {"id": "3"}
