"""What counts of the findings: comments, specification and baseline take some out; what is odd about them is told.

Pure: the comments, the entries and the day are given.
"""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from stopper.model import Accepted, Endpoint, Finding, Ignore, Place, Silencer, Suppression, Witness

_TOLD = 20
"""Places that a note names before it only counts the rest."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """The findings that count, those that are suppressed, and what is to be said of the suppressions themselves."""

    counting: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    notes: tuple[str, ...]


class Comments:
    """The suppressions written beside what they are about, by the control and the line or endpoint."""

    def __init__(self, ignores: Iterable[Ignore]) -> None:
        """Take comments and entries of specifications; one without a reason suppresses nothing."""
        self.every = tuple(ignores)
        self.used: set[tuple[Ignore, str]] = set()
        self._by_line: dict[tuple[str, str, int], Ignore] = {}
        self._by_file: defaultdict[tuple[str, str], list[Ignore]] = defaultdict(list)
        self._by_endpoint: dict[tuple[str, Endpoint], Ignore] = {}
        for ignore in self.every:
            for control in dict.fromkeys(ignore.controls) if ignore.reason else ():
                if ignore.first == ignore.last:
                    self._by_line.setdefault((control, ignore.place.uri, ignore.first), ignore)
                elif ignore.first < ignore.last:
                    self._by_file[control, ignore.place.uri].append(ignore)
                for endpoint in ignore.endpoints:
                    self._by_endpoint.setdefault((control, endpoint), ignore)
        for spans in self._by_file.values():
            spans.sort(key=_first)

    def at(self, control: str, place: Place | None) -> Ignore | None:
        """Return what suppresses a control at a place."""
        if place is None:
            return None
        # Statements do not overlap, so that of those of several lines only the last one before the line can hold it.
        spans = self._by_file.get((control, place.uri), [])
        before = bisect_right(spans, place.line, key=_first)
        around = spans[before - 1] if before and spans[before - 1].last >= place.line else None
        return self._by_line.get((control, place.uri, place.line), around)

    def of(self, control: str, endpoint: Endpoint) -> Ignore | None:
        """Return what suppresses a control on an endpoint."""
        return self._by_endpoint.get((control, endpoint))

    def on(self, finding: Finding) -> tuple[Ignore, ...]:
        """Return what suppresses a finding: at its place, at each place where the source shows it, on each endpoint."""
        broken = (o.verdict for o in finding.observations if o.witness is Witness.SOURCE and not o.verdict.kept)
        ways = (
            [self.at(finding.control, finding.place)],
            [self.at(finding.control, verdict.place) for verdict in broken if verdict.place],
            [self.of(finding.control, endpoint) for endpoint in finding.endpoints],
        )
        for way in ways:
            found = tuple(ignore for ignore in way if ignore is not None)
            if found and len(found) == len(way):
                return tuple(dict.fromkeys(found))
        return ()


def _first(ignore: Ignore) -> int:
    return ignore.first


def sift(findings: Sequence[Finding], comments: Comments, accepted: Iterable[Accepted], today: datetime.date) -> Sifted:
    """Take out what a comment or an entry of the baseline suppresses; an entry that has expired suppresses nothing."""
    entries = {entry.fingerprint: entry for entry in accepted}
    lapsed = {name for name, entry in entries.items() if entry.expires is not None and entry.expires < today}
    valid = {name: entry for name, entry in entries.items() if name not in lapsed}
    sifted = [_judged(finding, comments, valid) for finding in findings]
    seen = {finding.fingerprint for finding in sifted}
    return Sifted(
        counting=tuple(finding for finding in sifted if finding.suppression is None),
        suppressed=tuple(finding for finding in sifted if finding.suppression is not None),
        notes=_told(
            "baseline entries that have expired, so that their findings count again",
            [f"{_entry(entry)}, on {entry.expires}" for name, entry in entries.items() if name in lapsed & seen],
        ),
    )


def _judged(finding: Finding, comments: Comments, accepted: dict[str, Accepted]) -> Finding:
    """Return the finding with what suppresses it, and so each narrower one that it takes in."""
    finding = replace(finding, folded=tuple(_judged(inner, comments, {}) for inner in finding.folded))
    ignores = comments.on(finding)
    if ignores:
        comments.used.update((ignore, finding.control) for ignore in ignores)
        first = ignores[0]
        return replace(finding, suppression=Suppression(first.by, first.reason, first.place))
    entry = accepted.get(finding.fingerprint)
    if entry is not None:
        return replace(finding, suppression=Suppression(Silencer.BASELINE, entry.reason, expires=entry.expires))
    return finding


def oddities(comments: Comments, known: Collection[str]) -> tuple[str, ...]:
    """Say which comments and entries name no control, none that is known, or give no reason."""
    return (
        *_told(
            "suppressions that name no control",
            [str(ignore.place) for ignore in comments.every if not ignore.controls],
        ),
        *_told(
            "suppressions with an id that no control has",
            [f"{i.place} ({control})" for i in comments.every for control in i.controls if control not in known],
        ),
        *_told(
            "suppressions without a reason, so that the findings stay",
            [f"{i.place} ({', '.join(i.controls)})" for i in comments.every if i.controls and not i.reason],
        ),
    )


def idle(comments: Comments, asked: Collection[str]) -> tuple[str, ...]:
    """Say which of them suppress nothing, of the controls that this scan asked of every witness that they have."""
    return _told(
        "suppressions that suppress nothing",
        [
            f"{ignore.place} ({control})"
            for ignore in comments.every
            for control in dict.fromkeys(ignore.controls)
            if ignore.reason and control in asked and (ignore, control) not in comments.used
        ],
    )


def gone(accepted: Iterable[Accepted], findings: Iterable[Finding]) -> tuple[str, ...]:
    """Say which entries of the baseline match no finding any more."""
    seen = {finding.fingerprint for finding in findings}
    return _told(
        "baseline entries that match nothing that this scan saw",
        [_entry(entry) for entry in accepted if entry.fingerprint not in seen],
    )


def _entry(entry: Accepted) -> str:
    return f"{entry.control} {entry.where} ({entry.fingerprint[:8]})"


def _told(what: str, places: Sequence[str]) -> tuple[str, ...]:
    """Return one line for all places of one kind, none where there is no place."""
    if not places:
        return ()
    more = f" and {len(places) - _TOLD} more" if len(places) > _TOLD else ""
    return (f"{what}: {'; '.join(places[:_TOLD])}{more}",)
