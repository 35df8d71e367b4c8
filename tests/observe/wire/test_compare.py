"""Telling answers apart: what is the same, what is let in, what is turned away."""

from __future__ import annotations

import json

import pytest

from stopper.observe.views import Exchange, Request, Response
from stopper.observe.wire.compare import alike, refused, same_page, succeeded


def said(body: object, status: int = 200, path: str = "/me", method: str = "GET", **headers: str) -> Exchange:
    """Return an exchange answered with this text or, anything else, with JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    lines = (("Content-Type", kind), *((name.replace("_", "-"), value) for name, value in headers.items()))
    return Exchange(Request(method, f"https://api.test{path}"), Response(status, lines, text.encode()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"time": 1, "id": "a"}, {"time": 2, "id": "b"}),
        ({"items": [{"id": 1}]}, {"items": [{"id": 1}, {"id": 2}, {"id": 3, "note": "new"}]}),
        ([], []),
        ("<p>request 4711 at 12:30</p>", "<p>request 9 at 12:31</p>"),
        ({"message": "hello for the 3rd time"}, {"message": "hello for the 4rd time"}),
        ('<input name=csrf value="d41d8cd98f00b204e9800998ecf8427e">', '<input name=csrf value="0cc175b9c0f1b6a8">'),
    ],
)
def test_volatile_values_do_not_count(one: object, other: object) -> None:
    """Numbers, times, tokens and the length of a list change from call to call without meaning anything."""
    assert alike(said(one), said(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"items": []}, {"items": [{"id": 1}]}),
        ({"user": None}, {"user": "ada"}),
        ({"message": "Hello, ada"}, {"message": "Token is missing"}),
        ({"message": "Hello, ada"}, {"message": "Who goes there"}),
        ({"status": "ok", "data": "x"}, {"status": "error", "data": "x"}),
        ("authentication_token_is_missing", "the-list-of-all-orders-of-ada"),
        ({"active": True}, {"active": False}),
    ],
)
def test_what_differs_in_more_than_values_is_not_alike(one: object, other: object) -> None:
    """An empty list is not a full one, a message is its words, and an error is like no success of the same keys."""
    assert not alike(said(one), said(other))


def test_answers_to_head_are_told_apart_by_their_length() -> None:
    """A HEAD has no body; two lengths are two answers."""
    assert not alike(said("", method="HEAD", Content_Length="17"), said("", method="HEAD", Content_Length="90"))
    assert alike(said("", method="HEAD", Content_Length="17"), said("", method="HEAD", Content_Length="17"))


@pytest.mark.parametrize(
    "body",
    [
        {"error": "no token"},
        {"message": "Token is missing!"},
        {"msg": "Missing Authorization Header"},
        {"detail": "Authentication credentials were not provided."},
        {"code": 401, "msg": "x", "data": None},
        {"statusCode": "403", "message": "x"},
        {"status": "fail", "user": "ada"},
        {"success": False},
        "Unauthorized",
        "Please log in first",
        "<html><form action=/login><input name=p type='password'></form></html>",
    ],
)
def test_refusals_in_a_success(body: object) -> None:
    """A 200 whose body turns the caller away is no success."""
    assert refused(said(body))
    assert not succeeded(said(body))


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Hello, ada"},
        {"message": "Token is valid"},
        {"code": 4711, "name": "Widget"},
        {"status": "ok", "tokens": 3},
        {"errors": [], "orders": []},
        {"message": "not invalid", "orders": [1]},
        "pong",
    ],
)
def test_successes(body: object) -> None:
    """Words and codes of the API's own business make no refusal."""
    assert succeeded(said(body))


@pytest.mark.parametrize("location", ["/login?next=/me", "https://sso.test/x", "/users/sign_in", "/oauth2/authorize"])
def test_redirect_to_a_login(location: str) -> None:
    """Being sent to log in is being turned away; being sent elsewhere is not."""
    assert refused(said("", 302, Location=location))
    assert not refused(said("", 302, Location="/orders/"))


def test_one_page_for_every_path() -> None:
    """A catch-all that repeats the path is recognised; two answers of one shape are not one page."""
    assert same_page(said("no page /me here, see /media", path="/me"), said("no page /0f here, see /media", path="/0f"))
    assert not same_page(said({"name": "shop"}, path="/a"), said({"name": "cart"}, path="/b"))
