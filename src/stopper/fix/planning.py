"""From findings to a plan: what is repaired, what brings the guard in, what the person has to write."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stopper.controls import Entry
from stopper.fix.rounds import Sources, Told, Wanted, repaired
from stopper.model import Finding, Place, Witness
from stopper.rewrite import ByHand, Rewrite, Risk

_GOOD = re.compile(r"^## Good\s*$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


class Kind(enum.Enum):
    """How a finding can be mended."""

    AUTOMATIC = "automatic"
    GUARD = "needs the guard"
    BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class Step:
    """What is done at one place of a finding; no place where no line of a file is known for it."""

    place: Place | None
    told: Told


@dataclass(frozen=True, slots=True)
class Repair:
    """One finding with what is done about it at each of its places."""

    finding: Finding
    steps: tuple[Step, ...]

    @property
    def rewrites(self) -> tuple[Rewrite, ...]:
        """Return what is changed, each rewrite once."""
        return tuple(dict.fromkeys(step.told for step in self.steps if isinstance(step.told, Rewrite)))

    @property
    def left(self) -> tuple[Step, ...]:
        """Return the places that the person has to mend."""
        return tuple(step for step in self.steps if isinstance(step.told, ByHand))

    @property
    def whole(self) -> bool:
        """Tell whether all of the finding is repaired."""
        return not self.left

    @property
    def kind(self) -> Kind:
        """Return how the finding can be mended; automatic where at least a part of it is."""
        if not self.rewrites:
            return Kind.BY_HAND
        return Kind.GUARD if any(rewrite.guard for rewrite in self.rewrites) else Kind.AUTOMATIC

    @property
    def risk(self) -> Risk | None:
        """Return the greatest risk of the rewrites, None without any."""
        return max((rewrite.risk for rewrite in self.rewrites), key=list(Risk).index, default=None)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done about each finding, and the files before and after."""

    repairs: tuple[Repair, ...]
    before: Sources
    after: Sources
    changed: tuple[str, ...]

    def count(self, kind: Kind) -> int:
        """Return how many findings are mended in this way."""
        return sum(repair.kind is kind for repair in self.repairs)


def flat(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings with those that they took in: mending the broader one need not mend the narrower."""
    for finding in findings:
        yield finding
        yield from flat(finding.folded)


def plan(findings: Sequence[Finding], sources: Sources, entries: Mapping[str, Entry]) -> Plan:
    """Return the plan for these findings, whose controls are asked in their order."""
    places = {finding: _places(finding) for finding in findings}
    wanted = [Wanted(finding.control, place) for finding in findings for place in places[finding]]
    made = repaired(sources, wanted, entries)
    repairs = []
    for finding in findings:
        lines = _good(entries[finding.control])
        told = [(place, made.told[Wanted(finding.control, place)]) for place in places[finding]]
        steps = [Step(place, _with_lines(each, lines)) for place, each in told]
        nowhere = Step(None, ByHand("no line of the source or the specification is known for it", lines))
        repairs.append(Repair(finding, tuple(steps) or (nowhere,)))
    return Plan(tuple(repairs), made.before, made.after, made.changed)


def _places(finding: Finding) -> tuple[Place, ...]:
    """Return where a finding's promise is broken in files: as the static witnesses say, else where it is reported."""
    static = (Witness.SOURCE, Witness.SPEC)
    seen = [
        each.verdict.place
        for each in finding.observations
        if each.control == finding.control and each.witness in static and not each.verdict.kept and each.verdict.place
    ]
    found = seen or ([finding.place] if finding.place else [])
    return tuple(sorted({place for place in found if place.line}))


def _with_lines(told: Told, lines: tuple[str, ...]) -> Told:
    return ByHand(told.why, lines) if isinstance(told, ByHand) and not told.lines else told


def _good(entry: Entry) -> tuple[str, ...]:
    """Return the lines that a control's page shows as right."""
    found = _GOOD.search(entry.page)
    lines = [line for line in found[1].strip("\n").split("\n") if line.startswith("    ")] if found else []
    return tuple(line[4:] for line in lines)
