"""The JUnit report: findings fail, what is suppressed or was not looked at is skipped, unfinished scans are errors."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from hypothesis import given, settings

from stopper.model import Report, Severity
from stopper.report import junit
from tests.report.samples import bare_refusal, disputed_expiry, leaky, silenced, unlooked
from tests.report.strategies import reports


def _suite(report: Report) -> Element:
    (suite,) = ElementTree.fromstring(junit.render(report))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(name, "")) == len(suite.findall(f"testcase/{tag}"))
    assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
    return suite


def _outcomes(report: Report) -> list[tuple[str, str]]:
    cases = _suite(report).findall("testcase")
    return [(case.get("classname", ""), case[0].tag if len(case) else "passed") for case in cases]


def test_findings_fail() -> None:
    """A finding is a failed test with file, line and proof; what was asked and kept passes."""
    report = replace(silenced(), failures=())
    assert _outcomes(report) == [
        ("stopper", "passed"),
        ("BT601 declared_not_enforced", "failure"),
        ("BT307 token_answer_cacheable", "failure"),
        ("BT418 challenge_missing", "failure"),
        ("BT205 hardcoded_secret", "skipped"),
        ("BT411 expired_token_accepted", "skipped"),
        ("BT401 authentication_missing", "passed"),
    ]
    worst = _suite(report).findall("testcase")[1]
    assert (worst.get("file"), worst.get("line")) == ("shop/api.py", "41")
    assert "$TOKEN" in (worst[0].text or "")
    assert "waits for the new gateway" in _suite(report).findall("testcase/skipped")[1].get("message", "")


def test_what_fails_nothing() -> None:
    """Advice, and a finding that a better witness denies, are told and fail no test."""
    advice = replace(bare_refusal(), severity=Severity.ADVICE)
    outcomes = _outcomes(replace(leaky(), findings=(advice, disputed_expiry()), failures=()))
    assert [tag for _, tag in outcomes[1:3]] == ["system-out", "system-out"]


def test_what_is_no_pass() -> None:
    """An interrupted scan and a crashed check are errors, a control that was asked of nothing is skipped."""
    assert _outcomes(unlooked())[0] == ("stopper", "error")
    assert {tag for _, tag in _outcomes(unlooked())[1:]} == {"skipped"}
    assert ("BT307", "error") in _outcomes(leaky())


@given(reports())
@settings(max_examples=40, deadline=None)
def test_any_report_is_well_formed(report: Report) -> None:
    """Whatever names and bodies hold, the document is ASCII, parses, and its counts are right."""
    text = junit.render(report)
    assert text.isascii()
    assert not set(text) & set(map(chr, range(32))) - {"\n"}
    _suite(report)
