"""Looks for an API's specification where the usual Flask extensions serve it. Sans-I/O, as the proof protocol is."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from stopper.observe.spec import looks_like_spec
from stopper.observe.views import Credential, Exchange, Request

DOCUMENTS = (
    "/openapi.json",  # APIFlask, flask-smorest, Connexion 3
    "/swagger.json",  # Flask-RESTX, Connexion 2
    "/apispec_1.json",  # Flasgger
    "/openapi.yaml",
    "/api/openapi.json",
    "/api/swagger.json",
    "/docs/openapi.json",
    "/swagger/",  # flask-apispec
    "/openapi/openapi.json",  # flask-openapi3
    "/apidoc/openapi.json",  # SpecTree
    "/v1/openapi.json",
    "/api/v1/openapi.json",
    "/static/openapi.json",
    "/.well-known/openapi.json",
    "/.well-known/api-catalog",  # RFC 9727
)
"""Where specifications are served, likeliest first."""

PAGES = ("/docs", "/apidocs/", "/docs/", "/api/docs", "/swagger-ui", "/ui/", "/redoc", "/")
"""Pages that show a specification and name its address."""

_NAMED = re.compile(
    r"""["'](?P<path>[^"'\s<>{}]{1,300}?(?:openapi|swagger|apispec(?:_\d+)?|api-docs|spec)\.(?:json|ya?ml))["']"""
)
_SET = re.compile(r"""\b(?:url|spec-?url|specUrl|data-url|href)["']?\s*[:=]\s*["'](?P<path>[^"'\s<>{}]{1,300})["']""")
_MOST_NAMED = 6
"""Addresses that pages name and that are followed, in all."""

_LOCKED = (401, 403)


@dataclass(frozen=True, slots=True)
class Found:
    """What looking for a specification gave: where it stands and its bytes, or an empty address.

    `asked` is the number of requests, `locked` are the addresses that ask for a login, `why` says what ended it early.
    """

    url: str = ""
    body: bytes = b""
    truncated: bool = False
    asked: int = 0
    locked: tuple[str, ...] = ()
    why: str = ""


Search = Generator[Request, Exchange, Found]


def specification(base: str, most: int) -> Search:
    """Ask the usual places below a base address and at its origin, then the pages there, in at most so many requests.

    Every request is a GET of the base's own origin, without a credential. It ends at the first request without answer.
    """
    locked: list[str] = []
    asked = 0
    waiting = [*_below(base, DOCUMENTS), *_below(base, PAGES)]
    named: list[str] = []
    while waiting and asked < most:
        url = waiting.pop(0)
        exchange = yield Request("GET", url, (("Accept", "application/json, */*;q=0.5"),))
        asked += 1
        if exchange.response is None:
            return Found(asked=asked, why=exchange.error or "no answer")
        if _described(exchange):
            return _found(exchange, asked)
        if exchange.response.status in _LOCKED:
            locked.append(url)
        elif exchange.response.status == 200:
            fresh = [each for each in _named_in(exchange, base) if each not in (*named, *_below(base, DOCUMENTS))]
            following = fresh[: _MOST_NAMED - len(named)]
            named += following
            waiting = [*following, *waiting]
    return Found(asked=asked, locked=tuple(locked))


def behind_login(locked: Sequence[str], credential: Credential, most: int) -> Search:
    """Ask what is shown to nobody without a login once more, with the credential."""
    for asked, url in enumerate(locked[:most], 1):
        exchange = yield Request("GET", url, credential.headers())
        if _described(exchange):
            return _found(exchange, asked)
    return Found(asked=min(len(locked), most))


def _found(exchange: Exchange, asked: int) -> Found:
    response = exchange.response
    body, truncated = (response.body, response.truncated) if response else (b"", False)
    return Found(exchange.request.url, body, truncated, asked)


def _below(base: str, paths: tuple[str, ...]) -> list[str]:
    """Return the addresses of paths below a base address, then at its origin."""
    parts = urlsplit(base)
    origin = f"{parts.scheme}://{parts.netloc}"
    heads = dict.fromkeys((parts.path.rstrip("/"), ""))
    return list(dict.fromkeys(f"{origin}{head}{path}" for path in paths for head in heads))


def _described(exchange: Exchange) -> bool:
    response = exchange.response
    return response is not None and response.status == 200 and looks_like_spec(response.body)


def _named_in(exchange: Exchange, base: str) -> list[str]:
    """Return the addresses of this origin that a page or a catalogue names as a specification's."""
    text = exchange.response.text if exchange.response else ""
    paths = [found["path"] for pattern in (_NAMED, _SET) for found in pattern.finditer(text)]
    urls = [urljoin(exchange.request.url, path) for path in paths if _plausible(path)]
    own = urlsplit(base)[:2]
    return [url for url in dict.fromkeys(urls) if urlsplit(url)[:2] == own]


def _plausible(path: str) -> bool:
    """Tell a specification's address from a page's other parts."""
    return bool(re.search(r"openapi|swagger|apispec|spec|\.json|\.ya?ml", path, re.IGNORECASE)) and not re.search(
        r"\.(?:css|js|png|svg|ico|html?)(?:\?|$)", path, re.IGNORECASE
    )
