"""JSON to nodes, with places: a loop over tokens and a stack of its own, so that no depth reaches Python's stack."""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # not in the stubs

from stopper.observe.spec.node import Budget, Node, Problems, Source, SpecError, Value, quoted

_SPACE = re.compile(r"[ \t\r\n]*")
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_AFTER_VALUE = re.compile(r"[ \t\r\n]*([,\]}])[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS: dict[str, tuple[str, bool | None]] = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}
_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonError(SpecError):
    """The text is no valid JSON (RFC 8259)."""


def read_json(source: Source, budget: Budget, problems: Problems) -> Node:
    """Return the root of a JSON file.

    Raises `JsonError` where it is no JSON, and `BudgetError` where it nests too deep or holds too many values.
    """
    return _Reader(source, budget, problems).run()


class _Reader:
    def __init__(self, source: Source, budget: Budget, problems: Problems) -> None:
        self.source = source
        self.text = source.text
        self.budget = budget
        self.problems = problems
        self.names: dict[str, str] = {}

    def run(self) -> Node:
        """Read value after value until the outermost one is complete, and see that nothing follows it."""
        outermost: list[Node] = []
        stack: list[list[Node] | dict[str, Node]] = [outermost]
        position = self.skip_space(0)
        while True:
            container = stack[-1]
            offset = position
            if type(container) is dict:
                key, position = self.key(position)
                value, position = self.value(position)
                self.enter(container, key, Node(value, self.source, offset))
            else:
                value, position = self.value(position)
                container.append(Node(value, self.source, offset))  # type: ignore[union-attr]  # no mapping: a list
            if isinstance(value, (list, dict)):
                position = self.skip_space(position)
                if self.text[position : position + 1] != _closing(value):
                    self.descend(stack, value, offset)
                    continue
                position += 1
            position = self.close(stack, position)
            if len(stack) == 1:
                break
        if self.skip_space(position) != len(self.text):
            raise self.error(position, "something follows the outermost value")
        self.budget.spend_nodes(1)
        return outermost[0]

    def descend(self, stack: list[list[Node] | dict[str, Node]], value: list[Node] | dict[str, Node], at: int) -> None:
        """Open a collection that is not empty, refused beyond the depth that the budget allows."""
        if len(stack) > self.budget.depth:
            raise self.budget.nested_too_deep(self.source.line(at))
        stack.append(value)

    def close(self, stack: list[list[Node] | dict[str, Node]], position: int) -> int:
        """Go past the comma or the closing brackets that follow a value, and return where the next entry begins."""
        while len(stack) > 1:
            match = _AFTER_VALUE.match(self.text, position)
            if match is None:
                raise self.error(position, "a comma or a closing bracket is missing")
            position = match.end()
            mark = match[1]
            if mark == ",":
                return position
            closed = stack.pop()
            if mark != _closing(closed):
                raise self.error(match.start(1), "the wrong closing bracket")
            self.budget.spend_nodes(len(closed))
        return position

    def key(self, position: int) -> tuple[str, int]:
        """Read a key and its colon."""
        if self.text[position : position + 1] != '"':
            raise self.error(position, "a key in double quotes is missing")
        key, end = self.string(position)
        match = _COLON.match(self.text, end)
        if match is None:
            raise self.error(end, "the colon after a key is missing")
        return self.names.setdefault(key, key), match.end()

    def value(self, position: int) -> tuple[Value, int]:
        """Read a scalar whole, or the opening bracket of a collection."""
        first = self.text[position : position + 1]
        if first == '"':
            return self.string(position)
        if first == "{":
            return {}, position + 1
        if first == "[":
            return [], position + 1
        word, constant = _WORDS.get(first, ("", None))
        if word and self.text.startswith(word, position):
            return constant, position + len(word)
        match = _NUMBER.match(self.text, position)
        if match is None:
            raise self.error(position, "a value is missing")
        return match[0], match.end()

    def string(self, position: int) -> tuple[str, int]:
        """Read a string. Control characters are let through; lone surrogates, which no encoder takes, are replaced."""
        try:
            text, end = scanstring(self.text, position + 1, False)
        except ValueError:
            raise self.error(position, "a string is broken") from None
        if not text.isascii() and _SURROGATE.search(text):
            text = _SURROGATE.sub("\ufffd", text)
        return text, end

    def enter(self, container: dict[str, Node], key: str, node: Node) -> None:
        """Put an entry into its mapping; a key given twice is a problem."""
        if key in container:
            self.problems.add(node, f"the key {quoted(key)} is given twice; the last one counts")
        if key == "$ref" and isinstance(node.value, str):
            self.source.references.append(node)
        container[key] = node

    def skip_space(self, position: int) -> int:
        """Return the position of the next character that is no white space."""
        match = _SPACE.match(self.text, position)
        return match.end() if match else position

    def error(self, position: int, cause: str) -> JsonError:
        """Return the error for a position; it names the line and nothing of the text."""
        return JsonError(f"line {self.source.line(position)}: no valid JSON: {cause}")


def _closing(collection: list[Node] | dict[str, Node]) -> str:
    return "}" if type(collection) is dict else "]"
