"""How long the access tokens of an answer live, as far as the document says so (`expires_in`, RFC 6749 section 5.1)."""

from __future__ import annotations

from collections.abc import Iterator

from stopper.model import Place
from stopper.observe.spec.node import Node
from stopper.observe.spec.reference import Library

_NAMES = frozenset(("expires_in", "expiresin"))
_DEEPEST = 4
_MOST_DIGITS = 12


class Lifetimes:
    """Reads the number that stands for `expires_in`: fixed or by default in the schema, else in an example."""

    def __init__(self, library: Library) -> None:
        """Take the library that follows references."""
        self._library = library

    def of(self, operation: Node) -> tuple[Place, float] | None:
        """Return where the first answer that tells of success names a lifetime, and its seconds; None for none."""
        responses = self._library.follow(operation.get("responses"))
        for status, entry in responses.entries.items() if responses else ():
            response = self._library.follow(entry) if status.startswith("2") else None
            for holder in self._holders(response) if response else ():
                found = next(self._told(holder), None)
                if found:
                    return found
        return None

    def _holders(self, response: Node) -> Iterator[Node]:
        """Yield what holds a schema and examples: each media type, and in Swagger 2 the response itself."""
        content = self._library.follow(response.get("content"))
        yield from content.entries.values() if content else (response,)

    def _told(self, holder: Node) -> Iterator[tuple[Place, float]]:
        schema = self._library.follow(holder.get("schema"))
        examples = self._library.follow(holder.get("examples"))
        yield from self._in_schema(schema, 0) if schema else ()
        shown = [holder.get("example"), schema.get("example") if schema else None]
        for entry in examples.entries.values() if examples else ():
            named = self._library.follow(entry)
            # Swagger 2 writes the example itself below its media type, OpenAPI 3 an object with `value`.
            shown += [named.get("value") or named] if named else []
        for example in shown:
            yield from _in_example(example, 0) if example else ()

    def _in_schema(self, schema: Node, depth: int) -> Iterator[tuple[Place, float]]:
        self._library.budget.spend_steps(1 + len(schema.entries))
        if depth > _DEEPEST:
            return
        for key in ("allOf", "anyOf", "oneOf"):
            parts = schema.get(key)
            for entry in parts.items if parts else ():
                part = self._library.follow(entry)
                yield from self._in_schema(part, depth + 1) if part else ()
        properties = schema.get("properties")
        for name, entry in properties.entries.items() if properties else ():
            member = self._library.follow(entry)
            if member is None:
                continue
            if _normal(name) in _NAMES:
                yield from _numbers(member)
            elif member.get("properties"):
                yield from self._in_schema(member, depth + 1)


def _in_example(example: Node, depth: int) -> Iterator[tuple[Place, float]]:
    for name, entry in example.entries.items() if depth <= _DEEPEST else ():
        seconds = _seconds(entry) if _normal(name) in _NAMES else None
        if seconds is not None:
            yield entry.place, seconds
        yield from _in_example(entry, depth + 1)


def _numbers(schema: Node) -> Iterator[tuple[Place, float]]:
    """Yield the seconds that a property's schema names: those that bind first."""
    allowed, examples = schema.get("enum"), schema.get("examples")
    single = allowed.items[0] if allowed and len(allowed.items) == 1 else None
    first = examples.items[0] if examples and examples.items else None
    for entry in (schema.get("const"), single, schema.get("default"), schema.get("example"), first):
        seconds = _seconds(entry) if entry else None
        if entry and seconds is not None:
            yield entry.place, seconds


def _seconds(node: Node) -> float | None:
    text = node.text
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None


def _normal(name: str) -> str:
    return name.replace("-", "_").lower()
