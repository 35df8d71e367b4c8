"""What was not looked at, told by reason instead of one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from stopper.model import Skip


@dataclass(frozen=True, slots=True)
class SkipGroup:
    """Everything of one kind that was not looked at for one reason."""

    kind: str
    why: str
    subjects: tuple[str, ...]


def skips_by_reason(skips: Iterable[Skip]) -> tuple[SkipGroup, ...]:
    """Group skips by kind and reason; of one kind the largest group first."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for skip in skips:
        groups[skip.kind, skip.why].append(skip.what)
    made = (SkipGroup(kind, why, tuple(subjects)) for (kind, why), subjects in groups.items())
    return tuple(sorted(made, key=lambda group: (group.kind, -len(group.subjects), group.why)))
