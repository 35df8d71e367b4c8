"""A JSON report read back, as far as two of them are compared and a score is explained.

A report is checked before it is believed: its version, its digest, and the type of every member that is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stopper.model import Severity, Status
from stopper.report.json import digest

DIGESTED_SINCE = 2
"""The minor version of the format from which reports carry a digest."""


class ReportError(ValueError):
    """A text that is no report that can be used; the message says in one line why, without any value of it."""


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A finding as a report keeps it; `where` is its place and first operation in words."""

    fingerprint: str
    control: str
    name: str
    severity: Severity
    status: Status
    proven: bool
    message: str
    where: str
    witnesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptReport:
    """What of a report is compared and explained; `unfinished` says why its scan does not count as done."""

    findings: tuple[KeptFinding, ...]
    suppressed: tuple[KeptFinding, ...]
    score: int | None
    grade: str | None
    ungraded: str
    unfinished: str
    witnesses: frozenset[str]
    controls_asked: frozenset[str]


def read(data: bytes) -> KeptReport:
    """Return a report of this format's version 1. Raises ReportError."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise ReportError("is not JSON") from None
    if not isinstance(document, dict) or "schema_version" not in document:
        raise ReportError("is no report of Stopper: it has no schema_version")
    _check(document)
    try:
        return _report(document)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ReportError("is not as the schema of version 1 demands") from None


def _check(document: dict[str, Any]) -> None:
    major, _, minor = str(document["schema_version"]).partition(".")
    if major != "1" or not (minor.isascii() and minor.isdigit()):
        raise ReportError("is a report of another version: this one reads version 1")
    written = document.get("digest")
    if written is None and len(minor) == 1 and int(minor) < DIGESTED_SINCE:
        return
    try:
        right = written == digest(document)
    except (RecursionError, UnicodeEncodeError, ValueError):
        right = False
    if not right:
        raise ReportError("was changed or cut after it was written: its digest does not fit")


def _report(document: Mapping[str, Any]) -> KeptReport:
    coverage = document["coverage"]
    crashed = "checks crashed" if document["failures"] else ""
    score, grade = document["score"], document["grade"]
    if not (score is None or type(score) is int) or not (grade is None or isinstance(grade, str)):
        raise TypeError
    return KeptReport(
        findings=tuple(map(_finding, document["findings"])),
        suppressed=tuple(map(_finding, document["suppressed"])) if "suppressed" in document else (),
        score=score,
        grade=grade,
        ungraded=_text(document["ungraded"]),
        unfinished=_text(document["partial"]) or _text(document["incomplete"]) or crashed,
        witnesses=frozenset(map(_text, coverage["witnesses"])),
        controls_asked=frozenset(map(_text, coverage["controls_asked"])),
    )


def _finding(document: Mapping[str, Any]) -> KeptFinding:
    if not isinstance(document["proven"], bool):
        raise TypeError
    return KeptFinding(
        fingerprint=_text(document["fingerprint"]),
        control=_text(document["control"]),
        name=_text(document["name"]),
        severity=Severity(document["severity"]),
        status=Status(document["status"]),
        proven=document["proven"],
        message=_text(document["message"]),
        where=_where(document["place"], document["endpoints"]),
        witnesses=tuple(map(_text, document["witnesses"])),
    )


def _where(place: Mapping[str, Any] | None, endpoints: list[Mapping[str, Any]]) -> str:
    parts = []
    if place:
        parts.append(f"{_text(place['uri'])}:{int(place['line'])}" if place["line"] else _text(place["uri"]))
    if endpoints:
        more = f" and {len(endpoints) - 1} more" if len(endpoints) > 1 else ""
        parts.append(f"{_text(endpoints[0]['method'])} {_text(endpoints[0]['path'])}{more}")
    return ", ".join(parts)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
