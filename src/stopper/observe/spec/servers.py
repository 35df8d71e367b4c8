"""Where an operation is served: base URLs with their templates written out and resolved."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from stopper.model import Place
from stopper.observe.spec.node import Node, quoted
from stopper.observe.spec.reference import Library, is_remote
from stopper.observe.views import Server

_EXPANSIONS = 256
_LONGEST_URL = 1_000
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\]")


class Servers:
    """Reads the servers of one document, OpenAPI 3's `servers` and Swagger 2's `schemes`, `host` and `basePath`."""

    def __init__(self, root: Node, library: Library) -> None:
        """Take the document's root, whose own servers hold where a path or an operation names none."""
        self._root = root
        self._uri = root.source.uri
        self._budget = library.budget
        self._problems = library.problems
        self._read: dict[int, tuple[Server, ...]] = {}
        self.document = self._of(root) or self._of_schemes(root) or tuple(self._server("/", Place(self._uri)))

    def of(self, path_item: Node, operation: Node) -> tuple[Server, ...]:
        """Return the servers in force: the operation's, else the path's, else the document's."""
        own = self._of(operation) or self._of(path_item)
        if own:
            return own
        if operation.get("schemes"):
            return self._of_schemes(operation) or self.document
        return self.document

    def _of(self, node: Node) -> tuple[Server, ...]:
        servers = node.get("servers")
        if servers is None:
            return ()
        self._problems.unless_list(servers, "servers")
        if id(servers) not in self._read:
            self._read[id(servers)] = tuple(self._entries(servers))
        return self._read[id(servers)]

    def _entries(self, servers: Node) -> Iterator[Server]:
        for entry in servers.items:
            url = entry.get("url")
            if url is None or not url.text:
                self._problems.add(entry, "a server without a url")
                continue
            for expanded in self._expand(url, entry.get("variables")):
                self._budget.spend_steps()
                yield from self._server(expanded, url.place)

    def _expand(self, url: Node, variables: Node | None) -> Iterator[str]:
        """Yield a template with each combination of its variables' values, the defaults first."""
        names = list(dict.fromkeys(_VARIABLE.findall(url.text)))
        choices = [self._values(name, variables, url.place) for name in names]
        combinations = itertools.product(*choices)
        for values in itertools.islice(combinations, _EXPANSIONS):
            yield _fill(url.text, dict(zip(names, values, strict=True)))
        if next(combinations, None) is not None:
            self._problems.add(url, f"a server template has more than {_EXPANSIONS} expansions; the rest is left out")

    def _values(self, name: str, variables: Node | None, place: Place) -> list[str]:
        variable = variables.get(name) if variables else None
        if variable is None:
            self._problems.add(place, f"the server variable {quoted(name)} is not defined")
            return ["{" + name + "}"]
        self._problems.unless_mapping(variable, "a server variable")
        default = variable.get("default")
        enum = variable.get("enum")
        found = [node.text for node in (*((default,) if default else ()), *(enum.items if enum else ()))]
        return list(dict.fromkeys(found)) or ["{" + name + "}"]

    def _of_schemes(self, node: Node) -> tuple[Server, ...]:
        """Return Swagger 2's base URLs; without `schemes` or `host` those of the document's own address hold."""
        schemes, host, base = node.get("schemes"), self._root.get("host"), self._root.get("basePath")
        if schemes is None and host is None and base is None:
            return ()
        own = urlsplit(self._uri) if is_remote(self._uri) else urlsplit("")
        names: Iterable[tuple[str, Node | None]]
        names = [(entry.text, entry) for entry in schemes.items] if schemes else []
        names = names or [(own.scheme, host or base)]
        netloc = host.text if host else own.netloc
        path = "/" + base.text.strip("/") if base else ""
        return tuple(
            replace(server, relative=not schemes)
            for scheme, at in names
            for server in self._server(urlunsplit((scheme, netloc, path, "", "")), at.place if at else Place(self._uri))
        )

    def _server(self, url: str, place: Place) -> Iterator[Server]:
        """Yield a server with its URL resolved against the document's address, or a problem where it is no URL."""
        url = safe_path(url)
        try:
            relative = not urlsplit(url).scheme
            url = urljoin(self._uri, url) if is_remote(self._uri) else url
            urlsplit(url)
        except ValueError:
            self._problems.add(place, "a server's url is no valid address; it is left out")
            return
        if len(url) > _LONGEST_URL:
            self._problems.add(place, f"a server's url is longer than {_LONGEST_URL} characters; it is left out")
            return
        yield Server(url, place, relative)


def base_path(servers: tuple[Server, ...]) -> str:
    """Return the path of the first server's URL without the slash at its end; empty where it has none."""
    return urlsplit(servers[0].url).path.rstrip("/") if servers else ""


def safe_path(path: str) -> str:
    """Return a path with white space, control characters and backslashes percent-encoded: it goes into a request."""
    return _UNSAFE.sub(lambda match: quote(match[0], safe=""), path)


def _fill(template: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values[match[1]], template)
