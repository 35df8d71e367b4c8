"""What became of each finding after the repairs: gone, still there, not seen again; and what is new."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from stopper.fix.planning import flat
from stopper.model import Finding, Report, Witness


class Fate(enum.Enum):
    """What a second scan says of a finding of the first."""

    GONE = "gone"
    STILL = "still there"
    UNSEEN = "not seen again"
    """The second scan could not see it: none of its witnesses took part, or it was not whole."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The fate of each finding by its place in the first list, and what only the second scan found."""

    fates: tuple[tuple[Finding, Fate], ...]
    new: tuple[Finding, ...]

    def of(self, finding: Finding) -> Fate:
        """Return what became of a finding."""
        return next(fate for each, fate in self.fates if each is finding or each == finding)


def compare(before: Report, after: Report) -> Comparison:
    """Return what became of each finding.

    Repairs move lines and change them, so a finding need not keep its fingerprint: as many of one control as a file had
    and still has are taken for the same ones, those that are written the same first.
    """
    old, suppressed = list(flat(before.findings)), list(flat(before.suppressed))
    there = list(flat(after.findings))
    remaining = _by_fingerprint([*there, *flat(after.suppressed)])
    fates: dict[int, Fate] = {}
    waiting = []
    for number, finding in enumerate([*old, *suppressed]):
        if remaining[finding.control, finding.fingerprint]:
            remaining[finding.control, finding.fingerprint].pop()
            fates[number] = Fate.STILL
        else:
            waiting.append((number, finding))
    left = _by_file(each for group in remaining.values() for each in group)
    looking = _looking(after)
    for number, finding in waiting:
        if left[_file(finding)]:
            left[_file(finding)].pop()
            fates[number] = Fate.STILL
        else:
            fates[number] = Fate.GONE if looking & set(finding.witnesses) else Fate.UNSEEN
    new = [finding for group in left.values() for finding in group if finding in there]
    return Comparison(tuple((finding, fates[number]) for number, finding in enumerate(old)), tuple(new))


def _looking(report: Report) -> set[Witness]:
    """Return the witnesses that looked at everything: what was read is whole where what runs was not asked whole."""
    if report.partial or report.failures:
        return set()
    took_part = set(report.coverage.witnesses)
    return took_part & {Witness.SOURCE, Witness.SPEC} if report.incomplete else took_part


def _by_fingerprint(findings: Iterable[Finding]) -> defaultdict[tuple[str, str], list[Finding]]:
    found: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.control, finding.fingerprint].append(finding)
    return found


def _by_file(findings: Iterable[Finding]) -> defaultdict[tuple[str, str], list[Finding]]:
    found: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        found[_file(finding)].append(finding)
    return found


def _file(finding: Finding) -> tuple[str, str]:
    """Return a finding's control with its file, or with its operations where no file is known."""
    return finding.control, finding.place.uri if finding.place else ", ".join(map(str, finding.endpoints))
