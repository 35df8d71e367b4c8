"""A bounded memory of what was used most recently, without locks on the reading side."""

from __future__ import annotations

from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """A mapping that holds at most `size` entries and forgets those not used for longest.

    Two generations: entries enter the young one, and when that holds half of the size it becomes the old one, whose
    entries return to the young one when they are used and are forgotten otherwise. Each step is one operation on a
    dict, so threads need no lock; the worst that a race can do is to forget an entry early. Who asks at every request
    looks into `young` first.
    """

    __slots__ = ("_half", "_old", "young")

    def __init__(self, size: int) -> None:
        """Take the largest number of entries."""
        self._half = max(1, size // 2)
        self.young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        """Return what is remembered of a key, or None."""
        value = self.young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Remember a value."""
        if len(self.young) >= self._half:
            self._old = self.young
            self.young = {}
        self.young[key] = value

    def clear(self) -> None:
        """Forget everything."""
        self.young = {}
        self._old = {}

    def __len__(self) -> int:
        """Return how many entries are held."""
        return len(self.young) + len(self._old)
