"""Nothing that a scan keeps shows a credential: known values and what looks like one are taken out of every text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stopper.model import Evidence, Place, Verdict
from stopper.secret import Secret, redact


def cleaned(verdict: Verdict, known: Sequence[Secret]) -> Verdict:
    """Return the verdict with every known credential and all that looks like one taken out of its texts."""
    return replace(
        verdict,
        message=redact(verdict.message, known),
        place=_clean_place(verdict.place, known) if verdict.place else None,
        evidence=tuple(_clean_evidence(evidence, known) for evidence in verdict.evidence),
    )


def _clean_place(place: Place, known: Sequence[Secret]) -> Place:
    return replace(place, text=redact(place.text, known)) if place.text else place


def _clean_evidence(evidence: Evidence, known: Sequence[Secret]) -> Evidence:
    return Evidence(
        title=redact(evidence.title, known),
        detail=redact(evidence.detail, known),
        command=redact(evidence.command, known),
        path=tuple((_clean_place(place, known), redact(text, known)) for place, text in evidence.path),
    )
