"""The score is the published formula, and says how it came about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stopper.model import Coverage, Finding, Observation, Report, Severity, Status, Strength, Verdict, Witness
from stopper.score import GRADES, PERFECT, Score, graded, score


def finding(
    severity: Severity, status: Status = Status.CONFIRMED, strength: Strength = Strength.CLAIMED, control: str = "BT999"
) -> Finding:
    """Return a finding of which only what the score looks at matters."""
    seen = Observation(control, Witness.SOURCE, Verdict(False, "broken", strength=strength))
    return Finding(control, "name", "title", severity, status, "broken", None, (), (seen,))


FINDINGS = st.lists(
    st.builds(finding, st.sampled_from(Severity), st.sampled_from(Status), st.sampled_from(Strength)), max_size=12
)


@pytest.mark.parametrize(
    ("severity", "whole", "half"),
    [
        (Severity.CRITICAL, 60, 80),
        (Severity.HIGH, 80, 90),
        (Severity.MEDIUM, 92, 96),
        (Severity.LOW, 98, 99),
        (Severity.ADVICE, 100, 100),
    ],
)
def test_each_severity_has_its_price(severity: Severity, whole: int, half: int) -> None:
    """A confirmed finding costs its whole price, one witness without proof half of it, with proof the whole again."""
    assert score([finding(severity)]).value == whole
    assert score([finding(severity, Status.SINGLE_WITNESS)]).value == half
    assert score([finding(severity, Status.SINGLE_WITNESS, Strength.PROVEN)]).value == whole
    assert score([finding(severity, Status.CONTRADICTED)]).value == half


def test_clean_is_perfect() -> None:
    """No finding is 100 and an A, with nothing to explain."""
    assert score([]) == Score(100, "A")


@pytest.mark.parametrize(
    ("mediums", "lows", "grade"),
    [(1, 1, "A"), (1, 2, "B"), (2, 2, "B"), (2, 3, "C"), (3, 3, "C"), (3, 4, "D"), (5, 0, "D"), (5, 1, "F")],
)
def test_grade_bands(mediums: int, lows: int, grade: str) -> None:
    """90, 80, 70 and 60 are the last points of A, B, C and D."""
    findings = [finding(Severity.MEDIUM)] * mediums + [finding(Severity.LOW)] * lows
    earned = score(findings)
    assert (earned.grade, earned.cap) == (grade, "")


def test_caps() -> None:
    """A confirmed critical finding is an F and a confirmed high a C at best, whatever the points say, and says so."""
    critical, high = score([finding(Severity.CRITICAL)]), score([finding(Severity.HIGH)])
    assert (critical.value, critical.grade) == (60, "F")
    assert critical.cap == "a confirmed critical finding allows no better than F"
    assert (high.value, high.grade) == (80, "C")
    assert high.cap == "a confirmed high finding allows no better than C"
    assert score([finding(Severity.HIGH, Status.SINGLE_WITNESS)]).grade == "A"
    assert score([finding(Severity.CRITICAL, Status.SINGLE_WITNESS)]).grade == "B"


def test_folded_findings_cost_nothing_of_their_own() -> None:
    """A finding that another took in adds no part, and its proof makes the broader one whole."""
    inner = finding(Severity.CRITICAL, strength=Strength.PROVEN, control="BT401")
    outer = replace(finding(Severity.HIGH, Status.SINGLE_WITNESS), folded=(inner,))
    earned = score([outer])
    assert [part.points for part in earned.parts] == [20]


def test_parts_explain() -> None:
    """Each part names its finding, and why it cost what it did."""
    found = finding(Severity.HIGH, Status.SINGLE_WITNESS)
    (part,) = score([found]).parts
    assert (part.control, part.fingerprint, part.points) == ("BT999", found.fingerprint, 10)
    assert part.why == "high, half of it: single witness without proof"


@given(FINDINGS)
def test_parts_add_up_and_order_does_not_matter(findings: list[Finding]) -> None:
    """The score is 100 less the parts and never below 0, and the same for the same findings in any order."""
    earned, turned = score(findings), score(reversed(findings))
    assert earned.value == max(0, 100 - sum(part.points for part in earned.parts))
    assert (earned.value, earned.grade, earned.cap) == (turned.value, turned.grade, turned.cap)


@given(FINDINGS, st.sampled_from(Severity))
def test_one_more_finding_never_helps(findings: list[Finding], severity: Severity) -> None:
    """Another finding leaves the score and the grade where they are or lowers them."""
    before, after = score(findings), score([*findings, finding(severity)])
    assert after.value <= before.value
    assert after.grade >= before.grade


def test_no_grade_where_none_is_deserved() -> None:
    """A report that says why it has no grade gets neither grade nor score; any other gets both."""
    report = Report((), (finding(Severity.LOW),), (), Coverage())
    assert (graded(report).score, graded(report).grade) == (98, "A")
    ungraded = graded(replace(report, ungraded="no identity was given"))
    assert (ungraded.score, ungraded.grade) == (None, None)


def test_the_published_table_is_the_formula() -> None:
    """docs/score.md states the same prices and bands as the code, and its examples come out as it says."""
    text = (Path(__file__).parents[1] / "docs" / "score.md").read_text("utf-8")
    for severity in Severity:
        whole, half = (
            PERFECT - score([finding(severity, status)]).value for status in (Status.CONFIRMED, Status.SINGLE_WITNESS)
        )
        assert f"| {severity.value} | {whole} | {half} |" in text
    for (least, grade), (above, _) in zip(GRADES, ((101, ""), *GRADES), strict=False):
        assert f"| {least} to {above - 1} | {grade} |" in text
    high, medium, low = (finding(severity) for severity in (Severity.HIGH, Severity.MEDIUM, Severity.LOW))
    examples = {
        "| none | {} | {} |": [],
        "| a medium and a low, both confirmed | {} | {} |": [medium, low],
        "| a high that the source alone shows | {} | {} |": [replace(high, status=Status.SINGLE_WITNESS)],
        "| a confirmed high | {} | {}, by its cap |": [high],
        "| a confirmed critical | {} | {}, by its cap |": [finding(Severity.CRITICAL)],
        "| two confirmed high, one medium from the specification alone | {} | {} |": [
            high,
            high,
            replace(medium, status=Status.SINGLE_WITNESS),
        ],
    }
    for line, findings in examples.items():
        earned = score(findings)
        assert line.format(earned.value, earned.grade) in text
