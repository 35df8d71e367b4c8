"""Suppressions in a specification: `x-stopper-ignore: {BT604: reason}` at the document, a path item or an operation."""

from __future__ import annotations

from dataclasses import dataclass, field

from stopper.model import Endpoint, Ignore, Silencer
from stopper.observe.spec.node import Budget, Node, Problems

KEY = "x-stopper-ignore"
_EVERY_LINE = 1 << 31


@dataclass(slots=True)
class Suppressions:
    """Collects, while operations are read, which control is suppressed on which of them."""

    problems: Problems
    budget: Budget
    _found: dict[int, tuple[str, Node, list[Endpoint]]] = field(default_factory=dict)
    _wide: set[int] = field(default_factory=set)

    def document(self, root: Node) -> None:
        """Take what the document suppresses throughout: whatever stands in it, and on every operation."""
        for name, reason in self._entries(root):
            self._found[id(reason)] = (name, reason, [])
            self._wide.add(id(reason))

    def operation(self, endpoint: Endpoint, holders: tuple[Node, ...]) -> None:
        """Take what the document, the path item and the operation suppress on one operation."""
        for holder in holders:
            for name, reason in self._entries(holder):
                self._found.setdefault(id(reason), (name, reason, []))[2].append(endpoint)

    def _entries(self, holder: Node) -> list[tuple[str, Node]]:
        node = holder.get(KEY)
        if node is None:
            return []
        if not isinstance(node.value, dict):
            self.problems.add(node, f"`{KEY}` is no mapping of controls to reasons; it suppresses nothing")
            return []
        self.budget.spend_steps(len(node.entries))
        return list(node.entries.items())

    def listed(self) -> tuple[Ignore, ...]:
        """Return the suppressions in the document's order; one whose reason is no text has none."""
        return tuple(
            Ignore(
                place=reason.place,
                first=0 if key in self._wide else 1,
                last=_EVERY_LINE if key in self._wide else 0,
                controls=(name.strip().upper(),),
                reason=reason.text.strip(),
                by=Silencer.SPECIFICATION,
                endpoints=tuple(endpoints),
            )
            for key, (name, reason, endpoints) in self._found.items()
        )
