"""What is shown for a finding and what speaks against it, in the order in which a reader wants it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stopper.model import Evidence, Finding, Observation, Positions, Status, Strength


@dataclass(frozen=True, slots=True)
class Sampled:
    """A sample of tokens: who looked at it, what it shows in words, and the numbers of its picture."""

    observation: Observation
    title: str
    detail: str
    positions: Positions


def denials(finding: Finding, observations: Iterable[Observation]) -> tuple[Observation, ...]:
    """Return what speaks against a contradicted finding: the same promise, shown to be kept at one of its endpoints."""
    if finding.status is not Status.CONTRADICTED:
        return ()
    here = set(finding.endpoints)
    return tuple(
        o
        for o in observations
        if o.control == finding.control
        and o.verdict.kept
        and o.verdict.strength is Strength.PROVEN
        and here.intersection(o.verdict.endpoints)
    )


def pieces(finding: Finding) -> tuple[Evidence, ...]:
    """Return the evidence of a finding and of what it takes in: what ran comes before what was read.

    What two witnesses saw alike has one title and is told once, as the first of them saw it.
    """
    titled: dict[tuple[str, bool], Evidence] = {}
    for piece in _evidence(finding):
        titled.setdefault((piece.title, bool(piece.path)), piece)
    return tuple(titled.values())


def samples(observations: Iterable[Observation]) -> tuple[Sampled, ...]:
    """Return what is known of the positions of sampled tokens, whether a promise was kept or not, each sample once."""
    found = {
        (piece.title, piece.positions): Sampled(observation, piece.title, piece.detail, piece.positions)
        for observation in observations
        for piece in observation.verdict.evidence
        if piece.positions
    }
    return tuple(found.values())


def _evidence(finding: Finding) -> Iterator[Evidence]:
    own = [piece for observation in finding.observations for piece in observation.verdict.evidence]
    yield from sorted(own, key=lambda piece: not piece.command)
    for inner in finding.folded:
        yield from _evidence(inner)
