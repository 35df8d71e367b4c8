"""The baseline file: what is written is read again, and a wrong file is told in one line without its values."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace

import pytest

from stopper.model import Accepted, Place, Silencer, Suppression
from stopper.report import baseline
from stopper.report.baseline import BaselineError
from tests.report.samples import bare_refusal, cacheable_login, leaky, literal_key

TODAY = datetime.date(2026, 11, 23)
PRINT = "0123456789abcdef0123456789abcdef"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"


def test_what_is_written_is_read_again() -> None:
    """Every finding has an entry with its fingerprint, its place in words, a reason and a day."""
    report = leaky()
    entries = baseline.parse(baseline.render(report, (), TODAY).encode())
    assert {entry.fingerprint for entry in entries} == {finding.fingerprint for finding in report.findings}
    assert all(entry.expires == TODAY + datetime.timedelta(days=90) for entry in entries)
    assert all("not judged yet" in entry.reason for entry in entries)
    assert [entry.where for entry in entries if entry.control == "BT205"] == ["shop/settings.py"]
    assert [entry.where for entry in entries if entry.control == "BT418"] == ["GET /api/me"]


def test_known_entries_keep_reason_and_day() -> None:
    """What the old baseline says stays said; a day that is over begins anew, and what is gone is gone."""
    known, ended, forever = literal_key(), bare_refusal(), cacheable_login()
    day = TODAY + datetime.timedelta(days=5)
    old = (
        Accepted(known.fingerprint, "BT205", "x", "a demo", day),
        Accepted(ended.fingerprint, "BT418", "x", "soon", TODAY - datetime.timedelta(days=1)),
        Accepted(forever.fingerprint, "BT307", "x", "never", None),
        Accepted(PRINT, "BT205", "x", "mended", None),
    )
    silent = Suppression(Silencer.BASELINE, "a demo", expires=day)
    report = replace(leaky(), findings=(ended, forever), suppressed=(replace(known, suppression=silent),))
    entries = {entry.control: entry for entry in baseline.parse(baseline.render(report, old, TODAY).encode())}
    assert (entries["BT205"].reason, entries["BT205"].expires) == ("a demo", day)
    assert (entries["BT418"].reason, entries["BT418"].expires) == ("soon", TODAY + datetime.timedelta(days=90))
    assert (entries["BT307"].reason, entries["BT307"].expires) == ("never", None)
    assert PRINT not in {entry.fingerprint for entry in entries.values()}


def test_what_a_comment_suppresses_is_not_repeated() -> None:
    """A finding that the source itself suppresses needs no entry."""
    silent = replace(literal_key(), suppression=Suppression(Silencer.COMMENT, "a demo", Place("a.py", 1)))
    text = baseline.render(replace(leaky(), findings=(), suppressed=(silent,)), (), TODAY)
    assert baseline.parse(text.encode()) == ()


def test_no_token_is_written() -> None:
    """A token in the name of a file does not reach the baseline."""
    finding = replace(literal_key(), place=Place(f"shop/{TOKEN}.py", 3))
    text = baseline.render(replace(leaky(), findings=(finding,)), (), TODAY)
    assert TOKEN not in text and "redacted" in text


def written(**entry: object) -> bytes:
    """Return a baseline with one entry, right but for what is given."""
    right: dict[str, object] = {"fingerprint": PRINT, "control": "BT205", "where": "a.py", "reason": "known"}
    return json.dumps({"stopper_baseline": 1, "entries": [right | entry]}).encode()


def test_a_day_may_be_left_out() -> None:
    """An entry without a day, or with null, holds for good."""
    for data in (written(), written(expires=None)):
        assert baseline.parse(data) == (Accepted(PRINT, "BT205", "a.py", "known", None),)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is no baseline: it has no stopper_baseline"),
        (b'{"findings": []}', "is no baseline: it has no stopper_baseline"),
        (b'{"stopper_baseline": 2, "entries": []}', "is a baseline of another version: this one reads version 1"),
        (b'{"stopper_baseline": 1}', "entries must be a list"),
        (b'{"stopper_baseline": 1, "entries": ["CANARY"]}', "entry 1 must be an object of"),
        (written(canary="CANARY"), "entry 1 must be an object of"),
        (written(fingerprint="CANARY"), "entry 1: fingerprint must be 32 hexadecimal digits"),
        (written(control=["CANARY"]), "entry 1: control must be a text"),
        (written(reason=" "), "entry 1: gives no reason"),
        (written(expires="CANARY"), "entry 1: expires must be a day as YYYY-MM-DD, or null"),
        (written(expires="2026-02-30"), "entry 1: expires must be a day as YYYY-MM-DD, or null"),
        (written(expires=20260230), "entry 1: expires must be a day as YYYY-MM-DD, or null"),
        (
            json.dumps({"stopper_baseline": 1, "entries": json.loads(written())["entries"] * 2}).encode(),
            f"holds the fingerprint {PRINT} more than once",
        ),
    ],
)
def test_mistakes_are_told_in_one_line_without_values(data: bytes, said: str) -> None:
    """Each mistake is named with the number of its entry, and no value of the file is repeated."""
    with pytest.raises(BaselineError) as caught:
        baseline.parse(data)
    message = str(caught.value)
    assert message.startswith(said) and "\n" not in message and "CANARY" not in message
