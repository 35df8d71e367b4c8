"""Requests that the program sends: which calls send them, and what is told of where they go."""

from __future__ import annotations

import ast

import pytest

from stopper.observe.source.outbound import beginning, client, outbound, to_loopback
from tests.observe.source.projects import marked, module

HEAD = (
    "import requests, httpx, flask, urllib.request\nfrom urllib.parse import urljoin\nfrom requests import Session\n"
    "BASE = 'http://a.test'\ns = Session()\ndef url():\n    return 'http://b.test/x'\n"
)

SENT = {
    "requests.get('http://a.test')": "'http://a.test'",
    "requests.post(url='http://a.test', json={})": "'http://a.test'",
    "requests.request('GET', BASE)": "BASE",
    "s.put(BASE)": "BASE",
    "httpx.stream('GET', BASE)": "BASE",
    "urllib.request.urlopen(BASE)": "BASE",
    "self.session.get(BASE)": "BASE",
    "http_client.delete(BASE)": "BASE",
    "requests.get()": "",
    "config.get('http://a.test')": None,
    "flask.session.get('url')": None,
    "s.close()": None,
    "requests.codes.get('ok')": None,
    "s.headers.get('Accept')": None,
}


@pytest.mark.parametrize("written", SENT)
def test_outbound(written: str) -> None:
    """Calls of the libraries and of unknown sessions and clients send; look-ups in mappings do not."""
    each = module(f"{HEAD}here({written})")
    call = marked(each)
    assert isinstance(call, ast.Call)
    found = outbound(each, call)
    told = None if found is None else ("" if found.url is None else ast.unparse(found.url))
    assert told == SENT[written]


@pytest.mark.parametrize(
    ("written", "is_one"), [("s", True), ("requests", True), ("api_client", True), ("flask.g", False), ("user", False)]
)
def test_client(written: str, is_one: bool) -> None:
    """An object sends requests when such a library made it, or when it is unknown and called so."""
    each = module(f"{HEAD}here({written})")
    assert client(each, marked(each)) is is_one


BEGINNINGS = {
    "BASE": "http://a.test",
    "BASE + path": "http://a.test",
    "f'{BASE}/x/{n}'": "http://a.test",
    "f'http://{host}/'": "http://",
    "'http://a.test/%s' % n": "http://a.test/%s".partition("%")[0],
    "'http://a.test/{}'.format(n)": "http://a.test/",
    "urljoin(BASE, '/x')": "http://a.test",
    "url()": "http://b.test/x",
    "unknown": "",
    "path + BASE": "",
}


@pytest.mark.parametrize("written", BEGINNINGS)
def test_beginning(written: str) -> None:
    """The text that a URL always begins with is told through names, sums, formats, joins and functions."""
    each = module(f"{HEAD}here({written})")
    assert beginning(each, marked(each)) == BEGINNINGS[written]


@pytest.mark.parametrize(
    ("written", "local"),
    [
        ("'http://localhost:8000/x'", True),
        ("f'http://127.0.0.1:{port}/x'", True),
        ("'http://[::1]/'", True),
        ("'http://localhost.a.test/'", False),
        ("BASE", False),
        ("unknown", False),
    ],
)
def test_to_loopback(written: str, local: bool) -> None:
    """A request to the machine itself crosses no network; a host that only begins so is another."""
    each = module(f"{HEAD}here({written})")
    assert to_loopback(each, marked(each)) is local
