"""The report as SARIF 2.1.0, so that code hosts show findings at their lines.

Section numbers are those of the OASIS standard "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
Sizes are kept below what code hosts accept: results, tags and texts are cut, and a cut is said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from stopper.model import (
    Control,
    Endpoint,
    Evidence,
    Finding,
    Place,
    Report,
    Severity,
    Silencer,
    Suppression,
    Witness,
)
from stopper.report.outgoing import encodable, redacted
from stopper.report.skips import skips_by_reason

VERSION = "2.1.0"
RESULTS = 5_000
RESULTS_SIZE = 8_000_000
"""Characters of all results together: code hosts take 10 MB, and rules and pages come on top."""

MESSAGE_LENGTH = 4_000
SNIPPET_LENGTH = 1_000
PAGE_LENGTH = 30_000
RELATED = 20
ENDPOINTS = 100
STEPS = 100
NAMES = 50

FINGERPRINT = "stopper/v1"
LINE_HASH = "primaryLocationLineHash"
"""The one fingerprint that GitHub follows; without it, findings that share a line would be one alert."""

ROOT = "SRCROOT"

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.ADVICE: "note",
}
# Code hosts read this number: above 9.0 critical, from 7.0 high, from 4.0 medium, else low.
_SECURITY_SEVERITIES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.5",
    Severity.ADVICE: "0.1",
}


def render(report: Report) -> str:
    """Return the report as one SARIF log of one run, in ASCII: no byte of it commands a terminal."""
    log = {"version": VERSION, "runs": [_run(redacted(report))]}
    return json.dumps(log, indent=2, allow_nan=False) + "\n"


def _run(report: Report) -> dict[str, Any]:
    rules = _rules(report)
    index = {rule["id"]: position for position, rule in enumerate(rules)}
    results = _results(report, index)
    driver = {"name": "Stopper", "version": _text(report.version) or "0", "rules": rules}
    return {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder that was scanned."}}},
        "invocations": [_invocation(report, index, len(results))],
        "results": results,
        "properties": {
            "targets": [_text(target) for target in report.targets],
            "grade": report.grade,
            "score": report.score,
            "ungraded": _text(report.ungraded),
        },
    }


# --------------------------------------------------------------------------- rules


def _rules(report: Report) -> list[dict[str, Any]]:
    """Return a rule per control of the catalogue, and one per control that only a finding or a failure names."""
    known = dict(report.controls)
    for finding in (*report.findings, *report.suppressed):
        known.setdefault(finding.control, _control_of(finding))
    return [_rule(control, report.pages.get(name, "")) for name, control in sorted(known.items())]


def _control_of(finding: Finding) -> Control:
    return Control(finding.control, finding.name, finding.severity, finding.title, "")


def _rule(control: Control, page: str) -> dict[str, Any]:
    title = _message(control.title or control.name or control.id)
    rule = {
        "id": _text(control.id),
        "name": _text(control.name),
        "shortDescription": title,
        "fullDescription": _message(_first_paragraph(page)) if page.strip() else title,
        "defaultConfiguration": {"level": _LEVELS[control.severity]},
        "properties": {
            "tags": ["security", *(f"external/cwe/cwe-{number:03d}" for number in dict.fromkeys(control.cwe[:10]))],
            "security-severity": _SECURITY_SEVERITIES[control.severity],
        },
    }
    if page.strip():
        help_text = _cut(encodable(page), PAGE_LENGTH)
        rule["help"] = {"text": help_text, "markdown": help_text}
    return rule


def _first_paragraph(page: str) -> str:
    return " ".join(page.strip().split("\n\n", 1)[0].split())


# --------------------------------------------------------------------------- results


def _results(report: Report, index: dict[str, int]) -> list[dict[str, Any]]:
    """Return the worst findings, then the suppressed ones, as far as number and size allow."""
    fallback = _fallback(report)
    results: list[dict[str, Any]] = []
    room = RESULTS_SIZE
    for finding in (*report.findings, *report.suppressed)[:RESULTS]:
        result = _result(finding, index, fallback)
        room -= len(json.dumps(result, indent=2))
        if room < 0:
            break
        results.append(result)
    return results


def _result(finding: Finding, index: dict[str, int], fallback: Place) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": _text(finding.control),
        "ruleIndex": index[_text(finding.control)],
        "kind": "fail",
        "level": _LEVELS[finding.severity],
        "message": _message(_sentences(finding)),
        "locations": [_main_location(finding, fallback)],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint, LINE_HASH: f"{finding.fingerprint}:1"},
        "suppressions": [_suppression(finding.suppression)] if finding.suppression else [],
        "properties": {
            "security-severity": _SECURITY_SEVERITIES[finding.severity],
            "severity": finding.severity.value,
            "status": finding.status.value,
            "witnesses": [witness.value for witness in finding.witnesses],
        },
    }
    flows = [_flow(piece) for piece in _evidence(finding) if piece.path]
    if flows:
        result["codeFlows"] = flows
    related = _related(finding)
    if related:
        result["relatedLocations"] = related
    return result


def _suppression(suppression: Suppression) -> dict[str, Any]:
    """Return a suppression (section 3.35): comment and specification are what was scanned, a baseline stands beside."""
    reason = _text(suppression.reason)
    if suppression.expires:
        reason = _text(f"{suppression.reason} (until {suppression.expires})")
    result: dict[str, Any] = {
        "kind": "external" if suppression.by is Silencer.BASELINE else "inSource",
        "status": "accepted",
        "justification": reason,
    }
    if suppression.place:
        result["location"] = _location(suppression.place)
    return result


def _sentences(finding: Finding) -> str:
    """Return the message with all that a code host shows nowhere else: who saw it, where, what it takes in."""
    said = [finding.message, f"Status: {finding.status.value}{_seen_by(finding)}."]
    if finding.endpoints:
        said.append(f"Operations: {_listed([str(endpoint) for endpoint in finding.endpoints])}.")
    if finding.folded:
        said.append(f"Takes in: {_listed([f'{inner.control} {inner.name}' for inner in finding.folded])}.")
    commands = [piece.command for piece in _evidence(finding) if piece.command]
    if commands:
        said.append(f"Repeat it:\n{commands[0]}")
    return "\n".join(said)


def _seen_by(finding: Finding) -> str:
    return f", seen by {', '.join(witness.value for witness in finding.witnesses)}" if finding.witnesses else ""


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    return ", ".join(names[:NAMES]) + more


def _evidence(finding: Finding) -> list[Evidence]:
    own = [piece for observation in finding.observations for piece in observation.verdict.evidence]
    return list(dict.fromkeys([*own, *(piece for inner in finding.folded for piece in _evidence(inner))]))


def _flow(piece: Evidence) -> dict[str, Any]:
    steps = [{"location": {**_location(place), "message": _message(text)}} for place, text in piece.path[:STEPS]]
    return {"message": _message(piece.title), "threadFlows": [{"locations": steps}]}


def _related(finding: Finding) -> list[dict[str, Any]]:
    """Return the other places that a finding speaks of, its own left out."""
    told = {finding.place}
    related: list[dict[str, Any]] = []
    for place, text in _other_places(finding):
        if place not in told and len(related) < RELATED:
            told.add(place)
            related.append({"id": len(related) + 1, **_location(place), "message": _message(text)})
    return related


def _other_places(finding: Finding) -> Iterator[tuple[Place, str]]:
    for observation in finding.observations:
        if observation.verdict.place:
            yield observation.verdict.place, f"{observation.witness.value}: {observation.verdict.message}"
    for inner in finding.folded:
        if inner.place:
            yield inner.place, f"{inner.control} {inner.name}: {inner.message}"
        yield from _other_places(inner)


# --------------------------------------------------------------------------- places


def _fallback(report: Report) -> Place:
    """Return what to name where a finding has no place: the specification that was read, else the first target.

    It names a whole document and claims no line of it.
    """
    for observation in report.observations:
        place = observation.verdict.place
        # A joint verdict's place may be another witness's.
        if observation.witness is Witness.SPEC and place and place.uri and not observation.verdict.witnesses:
            return Place(place.uri)
    return Place(next((target for target in report.targets if target), "."))


def _main_location(finding: Finding, fallback: Place) -> dict[str, Any]:
    location = _location(finding.place if finding.place and finding.place.uri else fallback)
    if finding.endpoints:
        named = {str(one): one for one in map(_logical, finding.endpoints[:ENDPOINTS])}
        location["logicalLocations"] = list(named.values())
    return location


def _logical(endpoint: Endpoint) -> dict[str, str]:
    application = f"{endpoint.application} " if endpoint.application else ""
    return {"name": _text(str(endpoint)), "fullyQualifiedName": _text(f"{application}{endpoint}"), "kind": "endpoint"}


def _location(place: Place) -> dict[str, Any]:
    """Return a physical location. Code hosts demand a line: line 1 with `wholeDocument` stands for no line at all."""
    region: dict[str, Any] = {"startLine": max(place.line, 1)}
    if place.line and place.column:
        region["startColumn"] = place.column
    if place.line and place.text:
        region["snippet"] = {"text": _text(place.text, SNIPPET_LENGTH)}
    if not place.line:
        region["properties"] = {"wholeDocument": True}
    return {"physicalLocation": {"artifactLocation": _artifact(place.uri), "region": region}}


_URL = re.compile(r"https?://", re.IGNORECASE)
_NOT_BYTES = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def _artifact(uri: str) -> dict[str, Any]:
    """Return a valid URI (RFC 3986) of a file for an absolute path, a path relative to the scanned folder, or a URL.

    Code hosts take files only: a URL becomes the path of host and path, and stands whole in the description.
    The bytes of a file's name that are no UTF-8 reach us as surrogates and are percent-encoded as they were.
    """
    data = _NOT_BYTES.sub("\ufffd", uri).encode("utf-8", "surrogateescape")
    if _URL.match(uri):
        path = data.partition(b"://")[2]
        return {"uri": quote(path, safe="/") or ".", "uriBaseId": ROOT, "description": _message(uri)}
    if uri.startswith("/"):
        return {"uri": "file:///" + quote(data.lstrip(b"/"), safe="/")}
    return {"uri": quote(data.removeprefix(b"./"), safe="/") or ".", "uriBaseId": ROOT}


# --------------------------------------------------------------------------- how the run went


def _invocation(report: Report, index: dict[str, int], listed: int) -> dict[str, Any]:
    notifications = [*_cut_short(report), *_crashes(report, index), *_skips(report)]
    hidden = len(report.findings) + len(report.suppressed) - listed
    if hidden > 0:
        notifications.append(_notification("warning", "results-cut", f"{hidden} further findings are not listed"))
    invocation: dict[str, Any] = {
        "executionSuccessful": not (report.failures or report.incomplete or report.partial),
        "toolExecutionNotifications": notifications,
    }
    if report.exit_code is not None:
        invocation["exitCode"] = report.exit_code
    return invocation


def _cut_short(report: Report) -> Iterator[dict[str, Any]]:
    for name, why in (("partial", report.partial), ("incomplete", report.incomplete)):
        if why:
            yield _notification("error", name, f"{name}: {why}")


def _crashes(report: Report, index: dict[str, int]) -> Iterator[dict[str, Any]]:
    for failure in report.failures:
        text = f"{failure.control} crashed on {failure.subject}: {failure.error}"
        notification = _notification("error", "check-crashed", text)
        rule = _text(failure.control)
        if rule in index:
            notification["associatedRule"] = {"id": rule, "index": index[rule]}
        yield notification


def _skips(report: Report) -> Iterator[dict[str, Any]]:
    for group in skips_by_reason(report.skips):
        text = f"not looked at: {len(group.subjects)} ({group.kind}), {group.why}: {_listed(group.subjects)}"
        yield _notification("warning", "not-looked-at", text)


def _notification(level: str, identity: str, text: str) -> dict[str, Any]:
    return {"level": level, "descriptor": {"id": identity}, "message": _message(text)}


# --------------------------------------------------------------------------- texts


def _message(text: str) -> dict[str, str]:
    """Return a plain text message in which nothing is a link: `[x](y)` would be one (section 3.11.6)."""
    return {"text": _text(text.replace("](", "] ("), MESSAGE_LENGTH)}


def _text(text: str, limit: int = MESSAGE_LENGTH) -> str:
    return _cut(encodable(text), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
