"""The spec witness: OpenAPI 3.0, 3.1, 3.2 and Swagger 2.0 from bytes to operations, tolerant and within a budget.

A broken part becomes a `Problem` and the rest is read. The same reader serves all versions: what one version calls
`servers` and another `schemes` is looked for under both names, since documents lie about their version.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager

from stopper.observe.spec.node import Budget, BudgetError, Node, Problems, SpecError
from stopper.observe.spec.operations import Operations
from stopper.observe.spec.reference import Library, ReadFile
from stopper.observe.spec.text import looks_like_spec
from stopper.observe.views import SpecDocument

__all__ = ["Budget", "BudgetError", "ReadFile", "SpecError", "looks_like_spec", "read"]

_KNOWN_VERSIONS = re.compile(r"2\.0|3\.[012]\.\d+(-.*)?")
_FOREIGN = {
    "swagger": ("components", "servers", "webhooks"),
    "openapi": ("definitions", "securityDefinitions", "host", "basePath", "schemes"),
}


def read(
    uri: str,
    data: bytes,
    read_ref: ReadFile | None = None,
    *,
    read_remote: ReadFile | None = None,
    budget: Budget | None = None,
) -> SpecDocument:
    """Return what a specification says, its operations resolved.

    `uri` is the document's path or URL: relative servers and references are resolved against it. `read_ref` is given
    the path of another local file, resolved against the referring file's own, and confines it; `read_remote` an
    absolute address. Either refuses by raising an exception, and None refuses all: a problem, no error.

    Raises `SpecError` where the input is no specification or exceeds the budget.
    """
    budget = budget or Budget()
    problems = Problems()
    library = Library(budget, problems, read_ref, read_remote)
    with _collector_paused():
        return _read(uri, data, library)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cycle collector from walking the growing tree again and again: that took two fifths of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _read(uri: str, data: bytes, library: Library) -> SpecDocument:
    problems = library.problems
    root = library.load(uri, data)
    version = _version(root, problems)
    operations = Operations(root, library)
    found = operations.read()
    operations.unreached()
    info = root.get("info")
    return SpecDocument(
        uri=uri,
        version=version,
        title=info.text_of("title") if info else "",
        operations=found,
        schemes=tuple(operations.security.schemes.values()),
        servers=operations.servers.document,
        problems=problems.listed(),
        ignores=operations.suppressions.listed(),
    )


def _version(root: Node, problems: Problems) -> str:
    """Return the version as declared; note where it is missing, unknown, or contradicted by what follows."""
    declared = [(key, node) for key in ("openapi", "swagger") if (node := root.get(key)) is not None]
    if not declared and not (root.get("paths") and root.get("info")):
        raise SpecError("the file is no OpenAPI or Swagger document: it names no version and has no paths")
    if not declared:
        problems.add(root, "the document names no version")
        return ""
    key, node = declared[0]
    if len(declared) > 1:
        problems.add(declared[1][1], "the document names two versions; the first one is taken")
    if not _KNOWN_VERSIONS.fullmatch(node.text) or (node.text == "2.0") is not (key == "swagger"):
        problems.add(node, f"the version `{key}: {node.text[:20]}` is unknown; it is read as far as possible")
    for foreign in _FOREIGN[key]:
        entry = root.get(foreign)
        if entry is not None:
            problems.add(entry, f"`{foreign}` belongs to another version than the one that the document names")
    return node.text
