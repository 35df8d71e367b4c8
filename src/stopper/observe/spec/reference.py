"""References between nodes, followed one at a time when they are needed and never written out.

A reference may point into its own file or to a file beside it. Anything else (`http:`, `file:`) is refused, unless
the caller hands in a way to fetch it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from urllib.parse import unquote, urljoin, urlsplit

from stopper.observe.spec.json_reader import JsonError, read_json
from stopper.observe.spec.node import Budget, BudgetError, Node, Problems, Source, SpecError, quoted
from stopper.observe.spec.text import decode
from stopper.observe.spec.yaml_reader import read_yaml

ReadFile = Callable[[str], bytes]

_CHAIN = 100


class Library:
    """The files of one specification, loaded when a reference asks for them.

    `read_ref` reads a file beside the document, `read_remote` an absolute address; None refuses. Both are given the
    address resolved against the referring file's own, and refuse by raising an exception of any type.
    """

    def __init__(
        self, budget: Budget, problems: Problems, read_ref: ReadFile | None, read_remote: ReadFile | None = None
    ) -> None:
        """Take what the reading may cost, where to note problems, and how to read other files."""
        self.budget = budget
        self.problems = problems
        self._read_ref = read_ref
        self._read_remote = read_remote
        self._roots: dict[str, Node | None] = {}
        self._targets: dict[tuple[str, str], Node | None] = {}

    def load(self, uri: str, data: bytes) -> Node:
        """Return the root of a file given as bytes, and note every reference in it that is refused."""
        self.budget.spend_file(len(data))
        source = decode(uri, data, self.problems)
        root = _parse(source, self.budget, self.problems)
        self._roots[uri if is_remote(uri) else posixpath.normpath(uri)] = root
        for reference in source.references:
            if not reference.text.startswith("#"):
                self._address(reference)
        return root

    def follow(self, node: Node | None) -> Node | None:
        """Return what a node refers to in the end: itself without `$ref`, None where a reference leads nowhere."""
        seen: set[tuple[str, str]] = set()
        while node is not None:
            reference = node.get("$ref")
            if reference is None or not isinstance(reference.value, str):
                return node
            key = (reference.source.uri, reference.value)
            if key in seen or len(seen) >= _CHAIN:
                cause = "leads back to itself" if key in seen else f"is a chain of more than {_CHAIN}"
                self.problems.add(reference, f"a reference {cause}")
                return None
            seen.add(key)
            if key not in self._targets:
                self._targets[key] = self._target(reference)
            node = self._targets[key]
        return None

    def _target(self, reference: Node) -> Node | None:
        """Return the node that one reference names, or None and a problem."""
        root = self._root(reference)
        if root is None:
            return None
        fragment = unquote(reference.text.partition("#")[2])
        node = _point(root, fragment)
        if node is None:
            self.problems.add(reference, f"the reference {quoted('#' + fragment)} points to nothing")
        return node

    def _root(self, reference: Node) -> Node | None:
        uri = self._address(reference)
        if uri is None:
            return None
        if uri not in self._roots:
            self._roots[uri] = None
            self._roots[uri] = self._fetch(reference, uri)
        return self._roots[uri]

    def _address(self, reference: Node) -> str | None:
        """Return the address of the file that a reference names, or None and a problem where it is refused."""
        name = reference.text.partition("#")[0]
        base = reference.source.uri
        if not name:
            return base
        try:
            uri = urljoin(base, name) if is_remote(base) else name
            scheme, host = urlsplit(uri).scheme, urlsplit(uri).hostname or ""
        except ValueError:
            self.problems.add(reference, "a reference is no valid address")
            return None
        if scheme or uri.startswith("//"):
            if self._read_remote is not None:
                return uri
            self.problems.add(reference, f"remote reference refused: {quoted(f'{scheme}://{host}')}")
            return None
        return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(uri)))

    def _fetch(self, reference: Node, uri: str) -> Node | None:
        read = self._read_remote if is_remote(uri) else self._read_ref
        if read is None:
            self.problems.add(reference, "a reference to another file, and no other file may be read")
            return None
        try:
            return self.load(uri, read(uri))
        except BudgetError:
            raise
        except SpecError as error:
            cause = str(error)
        except Exception as error:  # whatever the caller's reader raises is its refusal
            cause = f"not read ({type(error).__name__})"
        name = quoted(reference.text.partition("#")[0])
        self.problems.add(reference, f"a reference to {name}: {cause}")
        return None


def is_remote(uri: str) -> bool:
    """Tell whether an address has a scheme or a host, so that it is no path of a file."""
    return "://" in uri or uri.startswith("//")


def _parse(source: Source, budget: Budget, problems: Problems) -> Node:
    """Read as JSON what begins like it, and as YAML what is no JSON after all (a flow mapping, comments)."""
    if source.text.lstrip()[:1] not in ("{", "["):
        return read_yaml(source, budget, problems)
    try:
        return read_json(source, budget, problems)
    except JsonError as error:
        source.references.clear()
        try:
            return read_yaml(source, budget, problems)
        except BudgetError:
            raise
        except SpecError:
            raise error from None


def _point(root: Node, fragment: str) -> Node | None:
    """Return what a JSON pointer (RFC 6901) names below a root."""
    if not fragment:
        return root
    if not fragment.startswith("/"):
        return None
    node: Node | None = root
    for step in fragment[1:].split("/"):
        if node is None:
            return None
        step = step.replace("~1", "/").replace("~0", "~")
        if node.items:
            index = int(step) if step.isdecimal() and len(step) < 8 else len(node.items)
            node = node.items[index] if index < len(node.items) else None
        else:
            node = node.get(step)
    return node
