"""The JSON report keeps to its published schema and loses nothing."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from hypothesis import given, settings
from jsonschema import Draft202012Validator

from stopper.model import Report
from stopper.report import json as reporter
from tests.report.samples import leaky, silenced, unlooked
from tests.report.strategies import reports

SCHEMA = json.loads((files("stopper.report") / "schema" / "report-1.json").read_text("utf-8"))


def _strict(schema: Any) -> Any:
    """Return the schema with no room for members that it does not name: what we write must all be documented."""
    if isinstance(schema, list):
        return [_strict(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _strict(member) for name, member in schema.items()}
    return {**closed, "additionalProperties": False} if "properties" in schema and "required" in schema else closed


STRICT = Draft202012Validator(_strict(SCHEMA))


def test_the_schema_is_a_schema() -> None:
    """The published file is valid JSON Schema 2020-12 and demands every member that it names."""
    Draft202012Validator.check_schema(SCHEMA)
    for part in (SCHEMA, *SCHEMA["$defs"].values()):
        assert part.get("required", []) == list(part.get("properties", {}))


def test_samples_are_valid_and_whole() -> None:
    """A realistic report is valid, and findings, proof, coverage and gaps are in it."""
    report = leaky()
    document = json.loads(reporter.render(report))
    STRICT.validate(document)
    STRICT.validate(json.loads(reporter.render(unlooked())))
    assert document["schema_version"] == "1.3"
    assert [finding["control"] for finding in document["findings"]] == ["BT601", "BT205", "BT411", "BT307", "BT418"]
    first = document["findings"][0]
    assert first["fingerprint"] == report.findings[0].fingerprint
    assert first["witnesses"] == ["spec", "wire", "source", "app"]
    assert first["place"] == {
        "uri": "shop/api.py",
        "line": 41,
        "column": 1,
        "text": '@app.get("/api/orders/<int:id>")',
    }
    assert "$TOKEN" in first["evidence"][0]["command"]
    assert first["folded"][0]["control"] == "BT401"
    assert document["findings"][1]["evidence"][0]["path"][1]["place"]["line"] == 19
    assert document["findings"][4]["place"] is None
    assert len(document["skips"]) == 11
    assert document["failures"] == [{"control": "BT307", "subject": "POST /api/login", "error": "ZeroDivisionError"}]
    assert document["coverage"]["reached"] == 13
    (sample,) = document["samples"]
    assert (sample["control"], sample["unit"], sample["tokens"], len(sample["shares"])) == ("BT203", "bit", 20, 128)
    assert (document["score"], document["grade"], document["exit_code"]) == (8, "F", 1)


def test_suppressed_findings_stand_apart() -> None:
    """A reader who knows nothing of suppression counts what counts; what does not says why."""
    document = json.loads(reporter.render(silenced()))
    STRICT.validate(document)
    assert [finding["control"] for finding in document["findings"]] == ["BT601", "BT307", "BT418"]
    assert all(finding["suppression"] is None for finding in document["findings"])
    comment, baseline = document["suppressed"]
    assert comment["control"] == "BT205"
    place = {"uri": "shop/settings.py", "line": 7, "column": 0, "text": ""}
    assert comment["suppression"] == {
        "by": "comment",
        "reason": "the demo holds no data",
        "place": place,
        "expires": None,
    }
    assert baseline["suppression"]["by"] == "baseline"
    assert baseline["suppression"]["expires"] == "2027-02-21"


def test_the_same_report_gives_the_same_text() -> None:
    """Two renderings of equal reports are equal byte for byte."""
    assert reporter.render(leaky()) == reporter.render(leaky())


@given(reports())
@settings(max_examples=40, deadline=None)
def test_any_report_is_valid_and_ascii(report: Report) -> None:
    """Whatever names and bodies hold, the document is valid, ASCII, and parses to text that any encoder takes."""
    text = reporter.render(report)
    assert text.isascii()
    assert not set(text) & set(map(chr, range(32))) - {"\n"}
    document = json.loads(text)
    json.dumps(document, ensure_ascii=False).encode("utf-8")
    STRICT.validate(document)
