"""What counts as a token that an answer hands out."""

from __future__ import annotations

import json

import pytest

from stopper.observe.views import Response
from stopper.observe.wire.answers import tokens_in

TOKEN = "eyJ2ZXIiOiI1In0.awTnKw.yEhIisX4yYDbnnbQPjzg93Tsty4"


@pytest.mark.parametrize(
    "name", ["access_token", "authentication_token", "authToken", "api-token", "sessionToken", "bearer_token", "jwt"]
)
def test_members_that_are_tokens(name: str) -> None:
    """A token is told by its name at any depth, however the API writes it."""
    assert tokens_in(Response(200, body=json.dumps({"response": {"user": {name: TOKEN}}}).encode())) == (TOKEN,)


@pytest.mark.parametrize("name", ["csrf_token", "next_token", "page_token", "device_token", "tokens", "token_type"])
def test_members_that_are_none(name: str) -> None:
    """What guards a form, turns pages or names a device lets nobody in."""
    assert tokens_in(Response(200, body=json.dumps({name: TOKEN}).encode())) == ()
