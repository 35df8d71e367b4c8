"""Security schemes and requirements, in OpenAPI 3's words whatever the version."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin

from stopper.model import Place
from stopper.observe.spec.node import Node, quoted
from stopper.observe.spec.reference import Library, is_remote
from stopper.observe.views import Requirement, Scheme

_KINDS = {
    "apikey": "apiKey",
    "oauth2": "oauth2",
    "openidconnect": "openIdConnect",
    "mutualtls": "mutualTLS",
    "basic": "basic",
    "bearer": "bearer",
    "http": "http",
}
_HTTP_KINDS = {"bearer": "bearer", "basic": "basic"}
_TYPES_2 = ("basic", "apiKey", "oauth2")
_TYPES_3 = ("http", "apiKey", "oauth2", "openIdConnect")
_TYPES_31 = (*_TYPES_3, "mutualTLS")
_DEMANDED = {
    "http": ("scheme",),
    "apiKey": ("name", "in"),
    "oauth2": ("flows",),
    "openIdConnect": ("openIdConnectUrl",),
}
"""Members that a type demands (OpenAPI 3.1 section 4.8.27.1); Swagger 2's oauth2 demands `flow`."""
_SCHEME_URLS = ("openIdConnectUrl", "oauth2MetadataUrl")
_FLOW_URLS = ("authorizationUrl", "tokenUrl", "refreshUrl", "deviceAuthorizationUrl")
UNDEFINED = "undefined"


class Security:
    """Reads the schemes of one document and the requirements that name them."""

    def __init__(self, root: Node, library: Library) -> None:
        """Read the schemes of `components.securitySchemes` and of Swagger 2's `securityDefinitions`."""
        self._library = library
        self._budget = library.budget
        self._problems = library.problems
        self._global = root.get("security")
        self._read: dict[int, tuple[Requirement, ...]] = {}
        self._version = root.text_of("swagger") or root.text_of("openapi")
        self._types = _types(root)
        self.schemes = {name: self._scheme(name, node) for name, node in self._definitions(root)}

    def of(self, operation: Node) -> tuple[tuple[Requirement, ...], Place | None]:
        """Return the alternatives in force and the line that decided: the operation's own, else the document's.

        An empty `security: []` of the operation takes the document's away (OpenAPI 3.1 section 4.8.10).
        """
        for decisive in (operation.get("security"), self._global):
            if decisive is None:
                continue
            if decisive.value is None:
                self._problems.add(decisive, "`security` is null; it is taken as not given")
                continue
            if id(decisive) not in self._read:
                self._read[id(decisive)] = tuple(self._alternatives(decisive))
            return self._read[id(decisive)], decisive.place
        return (), None

    def _definitions(self, root: Node) -> Iterator[tuple[str, Node]]:
        components = self._library.follow(root.get("components"))
        self._problems.unless_mapping(components, "components")
        for parent, key in ((components, "securitySchemes"), (root, "securityDefinitions")):
            definitions = self._library.follow(parent.get(key)) if parent else None
            self._problems.unless_mapping(definitions, key)
            if definitions is not None:
                yield from definitions.entries.items()

    def _scheme(self, name: str, entry: Node) -> Scheme:
        self._budget.spend_steps()
        node = self._library.follow(entry)
        if node is None or not node.entries:
            self._problems.add(entry, f"the security scheme {quoted(name)} has no definition")
            return Scheme(name, UNDEFINED, entry.place, version=self._version)
        return Scheme(
            name=name,
            kind=self._kind(name, node, entry.place),
            place=entry.place,
            location=node.text_of("in"),
            parameter=node.text_of("name"),
            bearer_format=node.text_of("bearerFormat"),
            urls=tuple(self._urls(node)),
            flows=tuple(self._flows(node)),
            type=node.text_of("type"),
            version=self._version,
            missing=_missing(node),
        )

    def _flows(self, node: Node) -> Iterator[tuple[str, Place]]:
        """Yield the OAuth flows that a scheme offers; Swagger 2 names its one flow."""
        flows = self._library.follow(node.get("flows"))
        self._problems.unless_mapping(flows, "flows")
        for name, flow in flows.entries.items() if flows else ():
            yield name, flow.place
        named = node.get("flow")
        if named is not None and named.text:
            yield named.text, named.place

    def _kind(self, name: str, node: Node, place: Place) -> str:
        written = node.text_of("type")
        kind = _KINDS.get(written.lower(), UNDEFINED)
        if kind == "http":
            kind = _HTTP_KINDS.get(node.text_of("scheme").lower(), "http")
        if written not in self._types:
            self._problems.add(place, f"the security scheme {quoted(name)} has a type that this version does not know")
        return kind

    def _urls(self, node: Node) -> Iterator[tuple[str, str, Place]]:
        """Yield the addresses of a scheme and of its flows; Swagger 2 writes the one flow into the scheme."""
        flows = self._library.follow(node.get("flows"))
        for parent in (node, *(flows.entries.values() if flows else ())):
            for key in _SCHEME_URLS + _FLOW_URLS:
                url = parent.get(key)
                if url is not None and url.text:
                    self._budget.spend_steps()
                    yield key, self._resolved(url), url.place

    def _resolved(self, url: Node) -> str:
        if not is_remote(url.source.uri):
            return url.text
        try:
            return urljoin(url.source.uri, url.text)
        except ValueError:
            self._problems.add(url, "a security scheme's url is no valid address")
            return url.text

    def _alternatives(self, security: Node) -> Iterator[Requirement]:
        """Yield one requirement per entry; an entry that is no mapping is read as what was most likely meant."""
        if not isinstance(security.value, list):
            self._problems.add(security, "`security` is no list")
        for alternative in security.items or ((security,) if security.value != [] else ()):
            self._budget.spend_steps()
            if isinstance(alternative.value, dict):
                named = tuple(alternative.entries.items())
            else:
                self._problems.add(alternative, "a security requirement is no mapping of scheme to scopes")
                named = ((alternative.text, alternative),) if alternative.text else ()
            yield Requirement(tuple((self._named(name, at), _scopes(at)) for name, at in named))

    def _named(self, name: str, requirement: Node) -> Scheme:
        self._budget.spend_steps()
        self._problems.unless_list(requirement, "the scopes of a security requirement")
        scheme = self.schemes.get(name) or self._by_address(name, requirement)
        if scheme is None:
            self._problems.add(requirement, f"the security scheme {quoted(name)} is not defined")
            scheme = Scheme(name, UNDEFINED, requirement.place, version=self._version)
        return scheme

    def _by_address(self, name: str, requirement: Node) -> Scheme | None:
        """Return the scheme that a requirement names by an address, in place of a name (OpenAPI 3.2)."""
        if not self._version.startswith("3.2") or "#" not in name:
            return None
        address = Node(name, requirement.source, requirement.offset)
        entry = Node({"$ref": address}, requirement.source, requirement.offset)
        scheme = self._scheme(name, entry)
        self.schemes[name] = scheme
        return scheme


def _types(root: Node) -> tuple[str, ...]:
    """Return the types of schemes that the document's version knows; mutualTLS came with OpenAPI 3.1."""
    if root.text_of("swagger"):
        return _TYPES_2
    return _TYPES_3 if root.text_of("openapi").startswith("3.0") else _TYPES_31


def _missing(node: Node) -> str:
    """Return the first member that a definition's type demands and that it lacks; empty where it lacks none."""
    demanded = _DEMANDED.get(node.text_of("type"), ())
    if node.get("flow") is not None:  # Swagger 2 has one flow for each scheme
        return ""
    return next((name for name in demanded if node.get(name) is None), "")


def _scopes(requirement: Node) -> tuple[str, ...]:
    return tuple(scope.text for scope in requirement.items)
