"""What a scan will ask: only what changes nothing, only with values that are known, only within the budget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stopper.engine import Limits
from stopper.engine.plan import Step, guard_of, ineligible, make, request_for, target_of
from stopper.model import Endpoint, Place, Witness
from stopper.observe.views import EndpointView, Guard, Operation, Parameter, Route, Server

SPEC = Place("openapi.yaml", 1)


def view(method: str, path: str, *parameters: Parameter, operation_id: str = "") -> EndpointView:
    """Return an endpoint that the specification knows."""
    endpoint = Endpoint(method, path)
    operation = Operation(endpoint, SPEC, parameters=parameters, operation_id=operation_id)
    return EndpointView(endpoint, frozenset(Witness), operation)


def parameter(name: str, location: str, *values: str, required: bool = True) -> Parameter:
    """Return a declared parameter with usable values."""
    return Parameter(name, location, required, SPEC, values=values)


@pytest.mark.parametrize(
    ("method", "path", "operation_id"),
    [
        ("POST", "/orders", ""),
        ("DELETE", "/orders/{id}", ""),
        ("GET", "/createdb", ""),
        ("GET", "/users/v1/_debug/reset", ""),
        ("GET", "/orders/{id}", "cancelOrder"),
        ("GET", "/auth/logout", ""),
        ("GET", "/auth/refresh", ""),
        ("GET", "/accounts/{id}", "withdrawAll"),
    ],
)
def test_what_may_change_state_is_left_alone(method: str, path: str, operation_id: str) -> None:
    """Other methods than GET, HEAD and OPTIONS are not called, nor names that say they change something."""
    assert ineligible(view(method, path, operation_id=operation_id))


@pytest.mark.parametrize("path", ["/orders", "/settings", "/address", "/updates-feed/created", "/runtime", "/dataset"])
def test_words_that_only_contain_a_verb_are_called(path: str) -> None:
    """`settings` is not `set`: whole words decide."""
    assert not ineligible(view("GET", path))


def test_route_that_the_running_application_does_not_have_is_left_alone() -> None:
    """What only the source knows is not called where the application was asked: it is registered nowhere."""
    endpoint = Endpoint("GET", "/optional")
    route = Route((endpoint,), SPEC, SPEC, "optional")
    assert ineligible(EndpointView(endpoint, frozenset(Witness), route=route))
    assert not ineligible(EndpointView(endpoint, frozenset({Witness.SOURCE, Witness.WIRE}), route=route))


def test_parameters_are_filled_from_the_specification() -> None:
    """Path and required query parameters take the first usable value; optional ones are left out."""
    known = view(
        "GET",
        "/orders/{id}",
        parameter("id", "path", "a/b"),
        parameter("page", "query", "2"),
        parameter("size", "query", "9", required=False),
    )
    assert target_of(known, {}) == "/orders/a%2Fb?page=2"


def test_nothing_is_invented() -> None:
    """An operation whose parameter has no known value is not among the steps, and the plan says so."""
    plan = make([view("GET", "/orders/{id}", parameter("id", "path")), view("GET", "/me")], [Witness.WIRE], Limits())
    assert [str(endpoint) for endpoint in plan.endpoints] == ["GET /me"]
    assert [str(view.endpoint) for view in plan.unfilled] == ["GET /orders/{id}"]


def test_budget() -> None:
    """Twelve requests an operation, enough for a small API, never more than the limit in all."""
    views = [view("GET", f"/p{number}") for number in range(100)]
    assert make(views[:2], [Witness.WIRE], Limits()).budget == 200
    assert make(views[:20], [Witness.WIRE], Limits()).budget == 240
    assert make(views, [Witness.WIRE], Limits()).budget == 600
    assert make(views, [Witness.WIRE], Limits(requests=50)).budget == 50


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://api.test", "https://api.test/api/me"),
        ("https://api.test/", "https://api.test/api/me"),
        ("https://api.test/api", "https://api.test/api/me"),
        ("https://api.test/gateway", "https://api.test/gateway/api/me"),
    ],
)
def test_base_address_of_the_user_wins(base: str, url: str) -> None:
    """The path of the user's URL goes before the operation's, unless the operation has it already."""
    (step,) = make([view("GET", "/api/me")], [Witness.WIRE], Limits()).steps
    assert request_for(step, base).url == url


def guarded(how: str, text: str, line: int) -> tuple[str, ...]:
    """Return the group of an endpoint with one guard in the source."""
    place = Place("shop.py", line, text=text)
    route = Route((), place, place, "view", (Guard("bearer", how, place),))
    return guard_of(EndpointView(Endpoint("GET", f"/{line}"), frozenset(), route=route))


def test_operations_share_a_check_as_it_is_written() -> None:
    """The same decorator with the same arguments is one check; other arguments are another; no guard is its own."""
    decorator = "@token_required(…)"
    assert guarded(decorator, "@token_required(old)", 3) == guarded(decorator, "@token_required(old)", 9)
    assert guarded(decorator, "@token_required(old)", 3) != guarded(decorator, "@token_required(new)", 9)
    assert guarded("checked in the view", "def view():", 3) != guarded("checked in the view", "def view():", 9)
    assert guard_of(view("GET", "/a")) != guard_of(view("GET", "/b"))


def test_summary_that_begins_with_a_verb_is_believed() -> None:
    """A GET whose summary says that it creates something is left alone, whatever it is called."""
    told = view("GET", "/db")
    assert told.operation
    assert ineligible(replace(told, operation=replace(told.operation, summary="Creates and fills the database")))
    assert not ineligible(replace(told, operation=replace(told.operation, summary="Returns what was created")))


def test_path_of_the_user_takes_the_place_of_the_servers_own() -> None:
    """Where the specification is served below another path than it says, the user's base address decides."""
    operation = Operation(Endpoint("GET", "/v1/me"), SPEC, servers=(Server("https://other.test/v1", SPEC),))
    step = Step(EndpointView(operation.endpoint, frozenset(), operation), "/v1/me")
    assert request_for(step, "https://api.test").url == "https://api.test/v1/me"
    assert request_for(step, "https://[::1]:8443/shop").url == "https://[::1]:8443/shop/me"


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "Host", "Authorization", "Cookie"])
def test_headers_that_a_specification_does_not_decide(name: str) -> None:
    """A required header with an example cannot turn a GET into a DELETE, name another host, or bring a credential."""
    plan = make([view("GET", "/me", parameter(name, "header", "DELETE"))], [Witness.WIRE], Limits())
    assert request_for(plan.steps[0], "https://api.test").header(name) is None
