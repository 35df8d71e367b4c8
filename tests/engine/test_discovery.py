"""Looking for a specification: found where Flask's extensions serve it, on its own origin only, within a bound."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from stopper.engine.discovery import DOCUMENTS, PAGES, Found, Search, behind_login, specification
from stopper.observe.views import Credential, Exchange, Request, Response
from stopper.secret import Secret

BASE = "https://shop.test"
SPEC = json.dumps({"openapi": "3.0.3", "info": {"title": "Shop", "version": "1"}, "paths": {}})
NOWHERE = Response(404, (), b"not found")


def searched(search: Search, answers: dict[str, Response], other: Response | None = NOWHERE) -> tuple[Found, list[str]]:
    """Answer a search by path; return what it found and the addresses that it asked."""
    asked: list[str] = []
    try:
        request: Request = next(search)
        while True:
            assert request.method == "GET"
            asked.append(request.url)
            answer = answers.get(urlsplit(request.url).path, other)
            request = search.send(Exchange(request, answer, "" if answer else "refused"))
    except StopIteration as stop:
        found: Found = stop.value
        return found, asked


@pytest.mark.parametrize("path", DOCUMENTS[:-1])
def test_at_its_usual_place(path: str) -> None:
    """A specification at any of the usual places is found, and nothing is asked after it."""
    found, asked = searched(specification(BASE, 100), {path: Response(200, (), SPEC.encode())})
    assert (found.url, found.body) == (BASE + path, SPEC.encode())
    assert found.asked == len(asked) == DOCUMENTS.index(path) + 1


NAMING = {
    "Swagger UI": '<script>SwaggerUIBundle({url: "/v7/my-shop.json", dom_id: "#ui"})</script>',
    "Flasgger": '<script>var config = {"url": "../v7/my-shop.json"};</script>',
    "Redoc": "<redoc spec-url='/v7/my-shop.json'></redoc>",
    "a link": '<link rel="stylesheet" href="/x.css"><a href="https://shop.test/v7/my-shop.json">the API</a>',
}


@pytest.mark.parametrize("page", NAMING)
@pytest.mark.parametrize("path", ["/docs/", "/apidocs/"])
def test_where_a_page_names_it(page: str, path: str) -> None:
    """A documentation page leads to the document that it shows."""
    answers = {path: Response(200, (), NAMING[page].encode()), "/v7/my-shop.json": Response(200, (), SPEC.encode())}
    found, _ = searched(specification(BASE, 100), answers)
    assert found.url == f"{BASE}/v7/my-shop.json"


def test_where_the_catalogue_names_it() -> None:
    """The catalogue of RFC 9727 leads to the document too."""
    catalogue = {"linkset": [{"anchor": BASE, "service-desc": [{"href": f"{BASE}/v7/shop.openapi.json"}]}]}
    answers = {
        "/.well-known/api-catalog": Response(200, (), json.dumps(catalogue).encode()),
        "/v7/shop.openapi.json": Response(200, (), SPEC.encode()),
    }
    assert searched(specification(BASE, 100), answers)[0].url == f"{BASE}/v7/shop.openapi.json"


def test_no_other_origin_is_asked() -> None:
    """What a page names on another host, another port or in clear is left alone."""
    page = '{url: "https://evil.test/openapi.json"} {url: "//evil.test/o.json"} {url: "http://shop.test/swagger.json"}'
    page += '{url: "https://shop.test:8443/openapi.json"} {url: "file:///etc/openapi.json"}'
    _, asked = searched(specification(BASE, 100), {"/docs": Response(200, (), page.encode())})
    assert {urlsplit(url)[:2] for url in asked} == {("https", "shop.test")}


def test_below_the_base_address_first() -> None:
    """An address with a path is asked below that path, then at its origin."""
    _, asked = searched(specification(f"{BASE}/shop/", 100), {})
    assert asked[:3] == [f"{BASE}/shop/openapi.json", f"{BASE}/openapi.json", f"{BASE}/shop/swagger.json"]
    assert len(asked) == len(set(asked)) == 2 * (len(DOCUMENTS) + len(PAGES))


def test_a_page_for_every_path_is_no_specification() -> None:
    """A catch-all that answers everything with a page that names ever new documents is asked within a bound."""
    found, asked = searched(specification(BASE, 100), {}, Response(200, (), b'<a href="deeper/openapi.json">'))
    assert not found.url
    assert len(asked) <= len(DOCUMENTS) + len(PAGES) + 6


def test_within_the_requests_allowed() -> None:
    """No more is asked than was allowed."""
    found, asked = searched(specification(BASE, 4), {})
    assert len(asked) == found.asked == 4


def test_an_api_that_is_down_is_asked_once() -> None:
    """A request without an answer ends the search, and is said."""
    found, asked = searched(specification(BASE, 100), {}, None)
    assert len(asked) == 1
    assert found.why == "refused"


def test_behind_a_login() -> None:
    """What asks for a login is kept apart, and asked again with the credential alone."""
    first, _ = searched(specification(BASE, 100), {"/swagger.json": Response(401, (), b"")})
    assert first.locked == (f"{BASE}/swagger.json",)
    search = behind_login(first.locked, Credential(Secret("t")), 10)
    found, asked = searched(search, {"/swagger.json": Response(200, (), SPEC.encode())})
    assert found.url == f"{BASE}/swagger.json"
    assert asked == [f"{BASE}/swagger.json"]
