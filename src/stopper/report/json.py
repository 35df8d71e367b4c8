"""The report as JSON, by the published schema `schema/report-1.json`; docs/report-format.md says what may change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from stopper.model import (
    Control,
    Coverage,
    Door,
    Endpoint,
    Evidence,
    Failure,
    Finding,
    MatrixRow,
    Observation,
    Place,
    Report,
    Saying,
    Skip,
    Suppression,
    Verdict,
    Witness,
)
from stopper.report.outgoing import encodable, redacted
from stopper.report.proofs import Sampled, samples

SCHEMA_VERSION = "1.3"


def render(report: Report) -> str:
    """Return the report as one JSON document in ASCII: no byte of it commands a terminal."""
    document = _encodable(_report(redacted(report)))
    document["digest"] = digest(document)
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def render_matrix(report: Report) -> str:
    """Return the auth matrix alone, its rows as they stand in the whole report."""
    shown = redacted(report)
    document = {
        "schema_version": SCHEMA_VERSION,
        "targets": list(shown.targets),
        "matrix": [_row(row) for row in shown.matrix],
    }
    return json.dumps(_encodable(document), indent=2, allow_nan=False) + "\n"


def digest(document: dict[str, Any]) -> str:
    """Return the SHA-256 of a report without its `digest`, written in ASCII without blanks and with sorted members.

    It tells a report that was changed or cut afterwards from one that is as it was written. It is no signature: who
    means to deceive can make it anew.
    """
    rest = {name: value for name, value in document.items() if name != "digest"}
    written = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode("ascii")).hexdigest()


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, list):
        return [_encodable(member) for member in value]
    if isinstance(value, dict):
        return {encodable(key): _encodable(member) for key, member in value.items()}
    return value


def _report(report: Report) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "stopper", "version": report.version},
        "targets": list(report.targets),
        "exit_code": report.exit_code,
        "score": report.score,
        "grade": report.grade,
        "ungraded": report.ungraded,
        "incomplete": report.incomplete,
        "partial": report.partial,
        "notes": list(report.notes),
        "findings": [_finding(finding) for finding in report.findings],
        "suppressed": [_finding(finding) for finding in report.suppressed],
        "coverage": _coverage(report.coverage),
        "skips": [_skip(skip) for skip in report.skips],
        "failures": [_failure(failure) for failure in report.failures],
        "controls": [_control(control) for _, control in sorted(report.controls.items())],
        "observations": [_observation(observation) for observation in report.observations],
        "matrix": [_row(row) for row in report.matrix],
        "samples": list(map(_sample, samples(report.observations))),
    }


def _sample(sample: Sampled) -> dict[str, Any]:
    positions = sample.positions
    return {
        "control": sample.observation.control,
        "witness": sample.observation.witness.value,
        "endpoints": _endpoints(sample.observation.verdict.endpoints),
        "detail": sample.detail,
        "unit": positions.unit,
        "tokens": positions.tokens,
        "shares": [round(share, 4) for share in positions.shares],
        "even": round(positions.even, 4),
        "limit": round(positions.limit, 4),
    }


def _row(row: MatrixRow) -> dict[str, Any]:
    return {
        "endpoint": _endpoints((row.endpoint,))[0],
        "says": {witness.value: _saying(row.sayings.get(witness)) for witness in Witness},
        "agreement": row.agreement.value,
        "why": row.why,
    }


def _saying(said: Saying | None) -> dict[str, Any]:
    said = said or Saying((Door.NOT_ASKED,))
    return {
        "doors": [door.value for door in said.doors],
        "scopes": list(said.scopes),
        "how": said.how,
        "place": _place(said.place),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "control": finding.control,
        "name": finding.name,
        "title": finding.title,
        "severity": finding.severity.value,
        "status": finding.status.value,
        "proven": finding.proven,
        "message": finding.message,
        "fingerprint": finding.fingerprint,
        "witnesses": _witnesses(finding.witnesses),
        "place": _place(finding.place),
        "endpoints": _endpoints(finding.endpoints),
        "evidence": [_evidence(piece) for o in finding.observations for piece in o.verdict.evidence],
        "observations": [_observation(observation) for observation in finding.observations],
        "folded": [_finding(inner) for inner in finding.folded],
        "suppression": _suppression(finding.suppression),
    }


def _suppression(suppression: Suppression | None) -> dict[str, Any] | None:
    if suppression is None:
        return None
    return {
        "by": suppression.by.value,
        "reason": suppression.reason,
        "place": _place(suppression.place),
        "expires": suppression.expires.isoformat() if suppression.expires else None,
    }


def _observation(observation: Observation) -> dict[str, Any]:
    verdict: Verdict = observation.verdict
    return {
        "control": observation.control,
        "witness": observation.witness.value,
        "kept": verdict.kept,
        "strength": verdict.strength.value,
        "severity": verdict.severity.value if verdict.severity else None,
        "message": verdict.message,
        "cause": verdict.cause,
        "place": _place(verdict.place),
        "endpoints": _endpoints(verdict.endpoints),
        "witnesses": _witnesses(verdict.witnesses),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "title": evidence.title,
        "detail": evidence.detail,
        "command": evidence.command,
        "path": [{"place": _place(place), "message": message} for place, message in evidence.path],
    }


def _place(place: Place | None) -> dict[str, Any] | None:
    return {"uri": place.uri, "line": place.line, "column": place.column, "text": place.text} if place else None


def _endpoints(endpoints: Iterable[Endpoint]) -> list[dict[str, str]]:
    return [{"method": e.method, "path": e.path, "application": e.application} for e in endpoints]


def _witnesses(witnesses: Iterable[Witness]) -> list[str]:
    return [witness.value for witness in witnesses]


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "operations_in_spec": coverage.operations_in_spec,
        "operations": coverage.operations,
        "eligible": coverage.eligible,
        "reached": coverage.reached,
        "files": coverage.files,
        "files_analysed": coverage.files_analysed,
        "files_irrelevant": coverage.files_irrelevant,
        "files_left_out": coverage.files_left_out,
        "requests": coverage.requests,
        "app_requests": coverage.app_requests,
        "seconds": round(coverage.seconds, 3),
        "witnesses": _witnesses(coverage.witnesses),
        "identity": coverage.identity,
        "controls_asked": list(coverage.controls_asked),
    }


def _skip(skip: Skip) -> dict[str, str]:
    return {"kind": skip.kind, "what": skip.what, "why": skip.why}


def _failure(failure: Failure) -> dict[str, str]:
    return {"control": failure.control, "subject": failure.subject, "error": failure.error}


def _control(control: Control) -> dict[str, Any]:
    return {
        "id": control.id,
        "name": control.name,
        "title": control.title,
        "severity": control.severity.value,
        "witnesses": control.witnesses,
        "cwe": list(control.cwe),
        "implied_by": list(control.implied_by),
        "guard": control.guard,
    }
