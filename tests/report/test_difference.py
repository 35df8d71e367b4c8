"""Reports read back, compared, and their score explained."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from stopper.model import Coverage, Report, Severity, Witness
from stopper.report import json as reporter
from stopper.report.difference import compare, failing, render
from stopper.report.explained_score import explained, in_one_line
from stopper.report.reading import KeptReport, ReportError, read
from stopper.score import graded
from tests.report.samples import (
    CONTROLS,
    bare_refusal,
    cacheable_login,
    disputed_expiry,
    leaky,
    literal_key,
    open_orders,
    silenced,
    unlooked,
)

WHOLE = Coverage(witnesses=tuple(Witness), identity=True, controls_asked=tuple(CONTROLS))


def _report(*findings: Any, **more: Any) -> Report:
    return replace(leaky(), findings=findings, failures=(), coverage=WHOLE, **more)


def _kept(report: Report) -> KeptReport:
    return read(reporter.render(report).encode())


def _changed(**members: Any) -> bytes:
    """Return a report with other members and a digest that fits them."""
    document = {**json.loads(reporter.render(leaky())), **members}
    return json.dumps({**document, "digest": reporter.digest(document)}).encode()


def test_new_gone_and_unchanged() -> None:
    """Findings are told apart by fingerprint; a line that moved is the same finding."""
    key = literal_key()
    moved = replace(key, place=replace(key.place, line=99))  # type: ignore[type-var]
    found = compare(_kept(_report(open_orders(), key)), _kept(_report(moved, bare_refusal())))
    assert [finding.control for finding in found.new] == ["BT418"]
    assert [finding.control for finding in found.gone] == ["BT601"]
    assert [finding.control for finding in found.unchanged] == ["BT205"]
    text = render(found)
    assert text.startswith("+ low      BT418 challenge_missing: GET /api/me answers 401")
    assert text.endswith("1 new, 1 gone, 0 suppressed since, 0 not looked at again, 1 unchanged\n")


def test_what_was_not_looked_at_is_not_gone() -> None:
    """Without the witness, the control or the end of the scan, a missing finding is no mended one."""
    before = _kept(_report(literal_key()))
    without_source = replace(WHOLE, witnesses=(Witness.SPEC, Witness.WIRE, Witness.APP))
    without_control = replace(WHOLE, controls_asked=("BT601",))
    for after in (
        replace(_report(), coverage=without_source),
        replace(_report(), coverage=without_control),
        _report(partial="interrupted"),
        _report(incomplete="the token died"),
    ):
        found = compare(before, _kept(after))
        assert (found.gone, [finding.control for finding in found.unseen]) == ((), ["BT205"])


def test_suppressed_since() -> None:
    """A finding that a comment takes out is neither gone nor new."""
    found = compare(_kept(_report(literal_key())), _kept(replace(silenced(), findings=())))
    assert [finding.control for finding in found.suppressed] == ["BT205"]
    assert found.gone == ()


def test_what_fails_a_pipeline() -> None:
    """A new finding from the given severity on does; one that the witnesses contradict does not."""
    new = _kept(_report(cacheable_login(), disputed_expiry())).findings
    assert failing(new, Severity.MEDIUM)
    assert not failing(new, Severity.HIGH)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "no schema_version"),
        (b'{"runs": []}', "no schema_version"),
        (_changed(schema_version="2.0"), "another version"),
        (_changed(schema_version="1.x"), "another version"),
        (_changed(schema_version=["1.2"]), "another version"),
        (_changed(findings={}), None),
        (_changed(findings=[1]), "schema of version 1"),
        (_changed(findings=[{"severity": "awful"}]), "schema of version 1"),
        (_changed(coverage=None), "schema of version 1"),
        (_changed(score="100"), "schema of version 1"),
        (reporter.render(leaky()).replace('"score": 8', '"score": 98').encode(), "digest"),
        (json.dumps({**json.loads(reporter.render(leaky())), "digest": None}).encode(), "digest"),
        (json.dumps({"schema_version": "1.3"}).encode(), "digest"),
    ],
)
def test_what_is_no_report(data: bytes, why: str | None) -> None:
    """Another format, another version, a changed value or a wrong type is refused in one line without any value."""
    if why is None:
        assert read(data).findings == ()
        return
    with pytest.raises(ReportError, match=why) as refusal:
        read(data)
    assert "\n" not in str(refusal.value)


def test_reports_before_the_digest_are_read() -> None:
    """A report of format 1.1 has no digest and no matrix, and is compared all the same."""
    document = json.loads(reporter.render(leaky()))
    del document["digest"], document["matrix"]
    assert len(read(json.dumps({**document, "schema_version": "1.1"}).encode()).findings) == 5


def test_a_score_is_explained() -> None:
    """Each finding's points, the sum, the cap and the band stand in lines that add up."""
    report = graded(_report(cacheable_login(), literal_key(), disputed_expiry()))
    lines = explained(_kept(report)).split("\n")
    points = [int(line.split()[0]) for line in lines[1:4]]
    assert points == [-8, -10, -10]
    assert 100 + sum(points) == report.score == int(lines[4].split()[0])
    assert lines[5] == "grade C: 70 to 79 is C"
    assert in_one_line(_kept(report)) == "grade C, 72 of 100\n"


def test_a_cap_is_told() -> None:
    """With a confirmed critical finding the cap decides, and more than 100 points cannot be lost."""
    report = graded(_report(open_orders()))
    assert "grade F: a confirmed critical finding allows no better than F" in explained(_kept(report))
    worst = tuple(replace(open_orders(), occurrence=number) for number in range(1, 5))
    assert "no score is below 0: 160 points would be taken off" in explained(_kept(graded(_report(*worst))))


def test_no_grade_says_why() -> None:
    """A report without a grade gets none here either."""
    assert explained(_kept(unlooked())).endswith("no grade: neither the wire nor the application was asked\n")
    assert in_one_line(_kept(unlooked())).startswith("no grade: ")


def test_another_formula_is_told() -> None:
    """A report whose score is not what the formula gives today says so."""
    assert "another formula" in explained(_kept(replace(leaky(), score=9)))
