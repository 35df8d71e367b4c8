"""Nothing that a scan keeps shows a credential: known values and what looks like one are taken out of every text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stopper.model import Evidence, MatrixRow, Place, Saying, Verdict
from stopper.secret import Secret, redact


def cleaned(verdict: Verdict, known: Sequence[Secret]) -> Verdict:
    """Return the verdict with every known credential and all that looks like one taken out of its texts."""
    return replace(
        verdict,
        message=redact(verdict.message, known),
        place=_clean_place(verdict.place, known) if verdict.place else None,
        evidence=tuple(_clean_evidence(evidence, known) for evidence in verdict.evidence),
    )


def cleaned_row(row: MatrixRow, known: Sequence[Secret]) -> MatrixRow:
    """Return the row of the auth matrix without any credential: a guard's arguments are the code's own text."""
    sayings = {witness: _clean_saying(said, known) for witness, said in row.sayings.items()}
    return replace(row, sayings=sayings, why=redact(row.why, known))


def _clean_saying(said: Saying, known: Sequence[Secret]) -> Saying:
    return replace(
        said,
        how=redact(said.how, known),
        scopes=tuple(redact(scope, known) for scope in said.scopes),
        place=_clean_place(said.place, known) if said.place else None,
    )


def _clean_place(place: Place, known: Sequence[Secret]) -> Place:
    return replace(place, text=redact(place.text, known)) if place.text else place


def _clean_evidence(evidence: Evidence, known: Sequence[Secret]) -> Evidence:
    return replace(
        evidence,
        title=redact(evidence.title, known),
        detail=redact(evidence.detail, known),
        command=redact(evidence.command, known),
        path=tuple((_clean_place(place, known), redact(text, known)) for place, text in evidence.path),
    )
