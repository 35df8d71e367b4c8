"""The operations of a document, each with all that the document says about it resolved."""

from __future__ import annotations

from collections.abc import Iterator

from stopper.model import Endpoint
from stopper.observe.spec.credentials import Credentials
from stopper.observe.spec.issuers import Issuers
from stopper.observe.spec.lifetimes import Lifetimes
from stopper.observe.spec.node import Node, quoted
from stopper.observe.spec.parameters import Parameters
from stopper.observe.spec.reference import Library
from stopper.observe.spec.security import Security
from stopper.observe.spec.servers import Servers, base_path, safe_path
from stopper.observe.spec.siblings import with_siblings
from stopper.observe.spec.suppressions import Suppressions
from stopper.observe.views import Operation

_METHODS = frozenset(("get", "put", "post", "delete", "options", "head", "patch", "trace", "query"))
_OTHER_FIELDS = frozenset(("$ref", "summary", "description", "servers", "parameters", "additionalOperations"))
_COST = 10


class Operations:
    """Reads the operations below `paths`."""

    def __init__(self, root: Node, library: Library) -> None:
        """Take the document's root and read what its operations share: servers and security schemes."""
        self.servers = Servers(root, library)
        self.security = Security(root, library)
        self._root = root
        self._library = library
        self._budget = library.budget
        self._problems = library.problems
        self._parameters = Parameters(library)
        self._issuers = Issuers(library, self.security.schemes.values())
        self._lifetimes = Lifetimes(library)
        self._credentials = Credentials(root)
        self.suppressions = Suppressions(library.problems, library.budget)
        self.suppressions.document(root)

    def read(self) -> tuple[Operation, ...]:
        """Return every operation in the document's order."""
        return tuple(with_siblings(tuple(self._all())))

    def _all(self) -> Iterator[Operation]:
        paths = self._library.follow(self._root.get("paths"))
        self._problems.unless_mapping(paths, "paths")
        for template, entry in paths.entries.items() if paths else ():
            if template.startswith("x-"):
                continue
            path_item = self._path_item(entry)
            if not template.startswith("/"):
                self._problems.add(entry, "a path does not begin with a slash; one is put before it")
            for method, node in self._methods(path_item):
                self._budget.spend_steps(_COST)
                yield self._operation("/" + template.removeprefix("/"), method, path_item, node)

    def unreached(self) -> None:
        """Note webhooks: the API calls them, so that no request of ours can reach them (OpenAPI 3.1 section 4.8.1)."""
        webhooks = self._library.follow(self._root.get("webhooks"))
        self._problems.unless_mapping(webhooks, "webhooks")
        for name, entry in webhooks.entries.items() if webhooks else ():
            self._problems.add(entry, f"not reached: webhook {quoted(name)}")

    def _path_item(self, entry: Node) -> Node:
        """Return a path item with what it refers to; its own fields count where both have one."""
        reference = entry.get("$ref")
        if reference is None:
            if entry.value is not None and not isinstance(entry.value, dict):
                self._problems.add(entry, "a path item is no mapping")
            return entry
        target = self._library.follow(entry)
        if target is None:
            return entry
        self._budget.spend_steps(len(target.entries) + len(entry.entries))
        return (
            Node({**target.entries, **entry.entries}, entry.source, entry.offset) if len(entry.entries) > 1 else target
        )

    def _methods(self, path_item: Node) -> Iterator[tuple[str, Node]]:
        """Yield a path item's methods in upper case with their operations (OpenAPI 3.2: additional ones as written)."""
        for key, node in path_item.entries.items():
            if key.lower() in _METHODS:
                yield from self._method(key.upper(), node)
            elif key not in _OTHER_FIELDS and not key.startswith("x-"):
                self._problems.add(node, f"the path item's field {quoted(key)} is unknown")
        additional = path_item.get("additionalOperations")
        self._problems.unless_mapping(additional, "additionalOperations")
        for key, node in additional.entries.items() if additional else ():
            yield from self._method(key, node)

    def _method(self, method: str, entry: Node) -> Iterator[tuple[str, Node]]:
        """Yield one operation; it may stand in a file of its own, which no version allows and many documents do."""
        node = self._library.follow(entry)
        if node is None:
            return
        if not isinstance(node.value, dict):
            self._problems.add(node, "an operation is no mapping; it is left out")
            return
        if not method.isascii() or not method.replace("-", "").isalnum():
            self._problems.add(node, "a method is no token of HTTP; its operation is left out")
            return
        yield method, node

    def _operation(self, template: str, method: str, path_item: Node, node: Node) -> Operation:
        servers = self.servers.of(path_item, node)
        endpoint = Endpoint(method, base_path(servers) + safe_path(template))
        security, security_place = self.security.of(node)
        responses = self._library.follow(node.get("responses"))
        self._problems.unless_mapping(responses, "responses")
        self.suppressions.operation(endpoint, (self._root, path_item, node))
        issues = self._issuers.issues(node, endpoint, template, servers)
        for name, callback in self._callbacks(node):
            self._problems.add(callback, f"not reached: callback {quoted(name)}")
        return Operation(
            endpoint=endpoint,
            place=node.place,
            security=security,
            security_place=security_place,
            servers=servers,
            parameters=self._parameters.of(path_item, node),
            statuses=tuple(responses.entries) if responses else (),
            operation_id=node.text_of("operationId"),
            summary=node.text_of("summary"),
            deprecated=node.is_true("deprecated"),
            issues_token=issues,
            lifetime=self._lifetimes.of(node) if issues else None,
            credentials=self._credentials.of(node),
        )

    def _callbacks(self, operation: Node) -> Iterator[tuple[str, Node]]:
        callbacks = operation.get("callbacks")
        self._problems.unless_mapping(callbacks, "callbacks")
        yield from callbacks.entries.items() if callbacks else ()
