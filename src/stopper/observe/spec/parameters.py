"""Declared parameters, each with the values that the document itself offers for a request."""

from __future__ import annotations

from collections.abc import Iterator

from stopper.observe.spec.node import Node
from stopper.observe.spec.reference import Library
from stopper.observe.views import Parameter

_LOCATIONS = frozenset(("path", "query", "querystring", "header", "cookie", "formData"))
_MOST_VALUES = 20


class Parameters:
    """Reads the parameters of paths and operations; a parameter that several share is read once."""

    def __init__(self, library: Library) -> None:
        """Take the library that follows references."""
        self._library = library
        self._budget = library.budget
        self._problems = library.problems
        self._read: dict[int, Parameter | None] = {}

    def of(self, path_item: Node, operation: Node) -> tuple[Parameter, ...]:
        """Return the parameters in force: the path's, replaced by the operation's of the same name and location."""
        found: dict[tuple[str, str], Parameter] = {}
        for parent in (path_item, operation):
            declared = self._library.follow(parent.get("parameters"))
            self._problems.unless_list(declared, "parameters")
            for entry in declared.items if declared else ():
                self._budget.spend_steps()
                parameter = self._parameter(entry)
                if parameter is not None:
                    found[parameter.location, parameter.name] = parameter
        return tuple(found.values())

    def _parameter(self, entry: Node) -> Parameter | None:
        node = self._library.follow(entry)
        if node is None:
            return None
        if id(node) not in self._read:
            self._read[id(node)] = self._make(node)
        return self._read[id(node)]

    def _make(self, node: Node) -> Parameter | None:
        location, name = node.text_of("in"), node.text_of("name")
        if location == "body":
            return None
        if location not in _LOCATIONS or not name:
            self._problems.add(node, "a parameter without a name or with an unknown location")
            return None
        schema = self._schema(node)
        return Parameter(
            name=name,
            location=location,
            required=location == "path" or node.is_true("required"),
            place=node.place,
            type=type_of(schema),
            format=schema.text_of("format"),
            values=tuple(dict.fromkeys(self._values(node, schema)))[:_MOST_VALUES],
        )

    def _schema(self, node: Node) -> Node:
        """Return where type, default and enum stand: the schema, that of the one media type, or the parameter."""
        schema = node.get("schema")
        content = node.get("content")
        if schema is None and content is not None:
            schema = next((media.get("schema") for media in content.entries.values()), None)
        return self._library.follow(schema) or node

    def _values(self, node: Node, schema: Node) -> Iterator[str]:
        """Yield usable values, best first; collections and nulls are none."""
        candidates = [node.get("example"), node.get("x-example"), *self._examples(node)]
        candidates += [schema.get("example"), *_all(schema.get("examples"))]
        candidates += [node.get("default"), schema.get("default"), *_all(node.get("enum")), *_all(schema.get("enum"))]
        for candidate in candidates[: 2 * _MOST_VALUES]:
            if candidate is not None and isinstance(candidate.value, (str, bool)) and candidate.text:
                yield candidate.text

    def _examples(self, node: Node) -> Iterator[Node | None]:
        """Yield the values of named examples (OpenAPI 3.1 section 4.8.12), which may be references."""
        examples = node.get("examples")
        for entry in tuple(examples.entries.values())[:_MOST_VALUES] if examples else ():
            example = self._library.follow(entry)
            yield example.get("value") if example else None


def type_of(schema: Node) -> str:
    """Return a schema's type; of a list of types (OpenAPI 3.1) the first that is not null."""
    written = schema.get("type")
    if written is None:
        return ""
    return written.text or next((item.text for item in written.items if item.text not in ("", "null")), "")


def _all(node: Node | None) -> tuple[Node, ...]:
    return tuple(node.items[:_MOST_VALUES]) if node else ()
