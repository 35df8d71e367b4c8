"""Finding published keys: at the well-known places, by metadata of the origin itself, and never elsewhere."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from stopper.engine.published import Published, published_keys
from stopper.observe.views import Exchange, Response

BASE = "https://shop.test"
KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
SET = Response(200, (), json.dumps({"keys": [KEY]}).encode())


def found(base: str, answers: dict[str, Response]) -> tuple[Published, list[str]]:
    """Answer by path; return what was found and the addresses that were asked."""
    asked: list[str] = []
    conversation = published_keys(base)
    try:
        ask = next(conversation)
        while True:
            assert ask.request.method == "GET"
            asked.append(ask.request.url)
            answer = answers.get(urlsplit(ask.request.url).path, Response(404))
            ask = conversation.send(Exchange(ask.request, answer))
    except StopIteration as stop:
        result: Published = stop.value
        return result, asked


def metadata(keys: str) -> Response:
    """Return an issuer's metadata that names a key set."""
    return Response(200, (), json.dumps({"issuer": BASE, "jwks_uri": keys}).encode())


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/jwks.json", "/.well-known/jwks", "/jwks"])
def test_a_key_set_at_a_usual_place(path: str) -> None:
    """A key set is found where it usually stands."""
    result, _ = found(BASE, {path: SET})
    assert (result.keys, result.url, result.metadata) == ((json.dumps(KEY),), BASE + path, "")


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/auth/shop/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/auth/shop",
    ],
)
def test_a_key_set_that_metadata_names(path: str) -> None:
    """Metadata leads to the key set: before the issuer's path (RFC 8414) and behind it (OpenID Connect)."""
    result, _ = found(f"{BASE}/auth/shop", {path: metadata(f"{BASE}/keys/7"), "/keys/7": SET})
    assert (result.url, result.metadata) == (f"{BASE}/keys/7", BASE + path)


@pytest.mark.parametrize("elsewhere", ["https://evil.test/k", "http://shop.test/k", "https://shop.test.evil.test/k"])
def test_a_key_set_elsewhere_is_left_alone(elsewhere: str) -> None:
    """A key set that metadata names on another origin is not fetched."""
    result, asked = found(BASE, {"/.well-known/openid-configuration": metadata(elsewhere)})
    assert not result.keys
    assert elsewhere not in asked


def test_nowhere() -> None:
    """Without any the search ends after a handful of requests."""
    result, asked = found(BASE, {})
    assert result == Published()
    assert len(asked) == 6
