"""Which operations hand out access tokens, as far as the document says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from stopper.model import Endpoint
from stopper.observe.spec.node import Node
from stopper.observe.spec.parameters import type_of
from stopper.observe.spec.reference import Library
from stopper.observe.views import Scheme, Server

_CERTAIN = frozenset(("access_token", "accesstoken", "id_token", "idtoken", "jwt"))
_POSSIBLE = "token"
_ENVELOPES = frozenset(
    ("data", "result", "response", "payload", "body", "auth", "session", "credentials", "token", "tokens")
)
_SOUGHT = _CERTAIN | _ENVELOPES | {_POSSIBLE}
_AUTHENTICATION = frozenset(
    ("login", "signin", "auth", "authenticate", "token", "tokens", "session", "sessions", "refresh")
)
_FORGERY = frozenset(("csrf", "xsrf"))
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


class Issuers:
    """Tells operations that issue a token from those that only speak of tokens.

    An answer issues one when a string property of a success schema is named `access_token`, `accessToken`, `id_token`
    or `jwt`, at the top or in an envelope such as `data`. A property `token` counts where the path speaks of
    authentication, or a POST returns what its caller did not send. What stands in a list is metadata about tokens.
    """

    def __init__(self, library: Library, schemes: Iterable[Scheme]) -> None:
        """Take the schemes, whose flows name token endpoints (RFC 6749 section 3.2)."""
        self._library = library
        self._budget = library.budget
        self._token_urls = {url for scheme in schemes for name, url, _ in scheme.urls if name == "tokenUrl"}
        self._names: dict[int, frozenset[str]] = {}

    def issues(self, operation: Node, endpoint: Endpoint, template: str, servers: tuple[Server, ...]) -> bool:
        """Tell whether an operation issues a token; `template` is its path without the base path."""
        if endpoint.method == "POST" and any(
            self._points_to(url, endpoint, template, servers) for url in self._token_urls
        ):
            return True
        answered = frozenset[str]().union(*(self._properties(schema) for schema in self._answers(operation)))
        if answered & _CERTAIN:
            return True
        return _POSSIBLE in answered and self._hands_out(operation, endpoint)

    def _points_to(self, url: str, endpoint: Endpoint, template: str, servers: tuple[Server, ...]) -> bool:
        try:
            parts = urlsplit(url)
            hosts = {urlsplit(server.url).netloc for server in servers} - {""}
        except ValueError:
            return False
        if parts.netloc and hosts and parts.netloc not in hosts:
            return False
        path = "/" + parts.path.strip("/")
        return path != "/" and path in ("/" + endpoint.path.strip("/"), "/" + template.strip("/"))

    def _hands_out(self, operation: Node, endpoint: Endpoint) -> bool:
        words = {word.lower() for segment in _literals(endpoint.path) for word in _WORD.findall(segment)}
        if words & _FORGERY:
            return False
        about_one = endpoint.method != "POST" and endpoint.path.rstrip("/").endswith("}")
        if words & _AUTHENTICATION and not about_one:
            return True
        return endpoint.method == "POST" and _POSSIBLE not in self._sent(operation)

    def _sent(self, operation: Node) -> frozenset[str]:
        """Return the property names of what the caller sends."""
        body = self._library.follow(operation.get("requestBody"))
        schemas = list(self._contents(body)) if body else []
        parameters = operation.get("parameters")
        for entry in parameters.items if parameters else ():
            parameter = self._library.follow(entry)
            if parameter is not None and parameter.get("schema"):
                schemas.append(parameter.get("schema"))
        return frozenset[str]().union(*(self._properties(schema) for schema in schemas))

    def _answers(self, operation: Node) -> Iterator[Node | None]:
        """Yield the schemas of answers that tell of success, or of any answer where none is named."""
        responses = self._library.follow(operation.get("responses"))
        for status, entry in responses.entries.items() if responses else ():
            if status.startswith("2") or status == "default":
                response = self._library.follow(entry)
                if response is not None:
                    yield from self._contents(response)

    def _contents(self, holder: Node) -> Iterator[Node | None]:
        """Yield the schema of each media type, and the one that Swagger 2 writes into the response itself."""
        yield holder.get("schema")
        content = self._library.follow(holder.get("content"))
        for media in content.entries.values() if content else ():
            yield media.get("schema")

    def _properties(self, schema: Node | None) -> frozenset[str]:
        """Return the lower-case names of the string properties sought that an object of a schema holds."""
        first = self._library.follow(schema)
        if first is None:
            return frozenset()
        if id(first) not in self._names:
            self._names[id(first)] = frozenset(self._walk(first))
        return self._names[id(first)]

    def _walk(self, first: Node) -> Iterator[str]:
        seen: set[int] = set()
        waiting: list[Node | None] = [first]
        while waiting:
            node = waiting.pop()
            if node is None or id(node) in seen:
                continue
            seen.add(id(node))
            waiting.extend(self._library.follow(part) for part in _parts(node))
            properties = node.get("properties")
            entries = properties.entries if properties else {}
            self._budget.spend_steps(1 + len(entries))
            for written, entry in entries.items():
                name = written.replace("-", "_").lower()
                if name not in _SOUGHT:
                    continue
                schema = self._library.follow(entry)
                if schema is not None and _is_text(schema):
                    yield name
                elif name in _ENVELOPES:
                    waiting.append(schema)


def _parts(schema: Node) -> Iterator[Node]:
    """Yield the parts that a schema is put together from."""
    for key in ("allOf", "anyOf", "oneOf"):
        parts = schema.get(key)
        yield from parts.items if parts else ()


def _is_text(schema: Node) -> bool:
    """Tell whether a property is a string that comes back: not only written, and no object or list."""
    plain = not schema.get("properties") and not any(_parts(schema))
    return plain and type_of(schema) in ("", "string") and not schema.is_true("writeOnly")


def _literals(path: str) -> list[str]:
    return [segment for segment in path.split("/") if not segment.startswith("{")]
