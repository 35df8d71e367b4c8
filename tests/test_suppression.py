"""What counts of the findings: comments, baselines, and what is said of those that do nothing."""

from __future__ import annotations

import datetime
import time
from dataclasses import replace

import pytest

from stopper import correlate, suppression
from stopper.correlate import Heard
from stopper.model import (
    Accepted,
    Control,
    Endpoint,
    Finding,
    Ignore,
    Observation,
    Place,
    Severity,
    Silencer,
    Status,
    Strength,
    Suppression,
    Verdict,
    Witness,
)
from stopper.observe.views import Route
from stopper.suppression import Comments, Sifted

TODAY = datetime.date(2026, 11, 23)
HERE = Place("shop/api.py", 7, text="key = 'x'")


def finding(place: Place | None = HERE, *shown: Place, control: str = "BT205") -> Finding:
    """Return a finding at a place, with a broken verdict of the source at each of the others."""
    seen = tuple(Observation(control, Witness.SOURCE, Verdict(False, "it", each)) for each in shown)
    return Finding(control, "x", "x", Severity.HIGH, Status.SINGLE_WITNESS, "it", place, (), seen)


def comment(line: int, *controls: str, last: int = 0, reason: str = "known", uri: str = "shop/api.py") -> Ignore:
    """Return a comment that speaks for a line, or for the lines up to `last`."""
    return Ignore(Place(uri, line), line, last or line, controls or ("BT205",), reason)


def sift(found: Finding, *ignores: Ignore, accepted: tuple[Accepted, ...] = ()) -> Sifted:
    """Sift one finding."""
    return suppression.sift([found], Comments(ignores), accepted, TODAY)


def entry(found: Finding, expires: datetime.date | None = None) -> Accepted:
    """Return the baseline's entry of a finding."""
    return Accepted(found.fingerprint, found.control, "shop/api.py", "lived with", expires)


def test_a_comment_takes_a_finding_out() -> None:
    """The finding at the comment's line no longer counts, and says who suppresses it for what reason."""
    sifted = sift(finding(), comment(7))
    assert sifted.counting == ()
    assert sifted.suppressed[0].suppression == Suppression(Silencer.COMMENT, "known", Place("shop/api.py", 7))


@pytest.mark.parametrize(
    "ignore",
    [
        comment(8),
        comment(6),
        comment(5, last=6),
        comment(7, "BT206"),
        comment(7, reason=""),
        comment(7, uri="shop/other.py"),
    ],
)
def test_a_comment_elsewhere_takes_nothing_out(ignore: Ignore) -> None:
    """Another line, another control, another file, no reason: the finding counts."""
    assert sift(finding(), ignore).suppressed == ()


def test_a_comment_speaks_for_its_whole_statement() -> None:
    """A finding inside a statement of several lines is suppressed by the comment that speaks for them."""
    assert sift(finding(), comment(5, last=9)).counting == ()


def test_every_line_of_a_file_may_have_its_comment() -> None:
    """Of many comments, on lines and on statements, the right one is found, and in no time."""
    lines = [comment(line, reason=f"line {line}") for line in range(1, 60_001, 3)]
    spans = [comment(line, last=line + 1, reason=f"lines {line}") for line in range(2, 60_001, 3)]
    comments = Comments([*reversed(lines), *reversed(spans)])
    began = time.process_time()
    found = [comments.at("BT205", Place("shop/api.py", line)) for line in range(1, 60_001)]
    assert time.process_time() - began < 2
    assert [each.reason for each in found[:6] if each] == [
        "line 1",
        "lines 2",
        "lines 2",
        "line 4",
        "lines 5",
        "lines 5",
    ]
    assert None not in found and comments.at("BT205", Place("shop/api.py", 60_003)) is None


def test_a_comment_where_the_source_shows_it() -> None:
    """A finding reported elsewhere is suppressed where the source shows it, if it is at every such place."""
    wide = finding(Place("openapi.yaml", 3), Place("shop/api.py", 7), Place("shop/api.py", 20))
    assert sift(wide, comment(7)).suppressed == ()
    assert sift(wide, comment(7), comment(20)).counting == ()
    assert sift(finding(None), comment(7)).suppressed == ()


def test_a_narrower_finding_is_suppressed_inside_the_broader() -> None:
    """The broader finding still counts; the comment on the narrower one has done something."""
    broad = replace(finding(None, control="BT402"), folded=(finding(control="BT403"),))
    comments = Comments([comment(7, "BT403")])
    sifted = suppression.sift([broad], comments, (), TODAY)
    assert sifted.counting[0].folded[0].suppression is not None
    assert suppression.idle(comments, {"BT403"}) == ()


def test_a_baseline_takes_a_finding_out() -> None:
    """An entry holds on its last day; without a day it holds for good."""
    for expires in (None, TODAY):
        sifted = sift(finding(), accepted=(entry(finding(), expires),))
        assert sifted.counting == ()
        assert sifted.suppressed[0].suppression == Suppression(Silencer.BASELINE, "lived with", expires=expires)
        assert sifted.notes == ()


def test_an_entry_that_has_expired_is_told() -> None:
    """The finding counts again, and a note says since when."""
    yesterday = TODAY - datetime.timedelta(days=1)
    sifted = sift(finding(), accepted=(entry(finding(), yesterday),))
    assert sifted.suppressed == ()
    assert "expired" in sifted.notes[0] and "BT205 shop/api.py" in sifted.notes[0] and "2026-11-22" in sifted.notes[0]


def test_an_entry_that_matches_nothing_is_told() -> None:
    """What is gone is named; what is still there is not."""
    other = finding(Place("shop/other.py", 1, text="key = 'y'"))
    assert suppression.gone([entry(finding())], [finding()]) == ()
    (note,) = suppression.gone([entry(finding())], [other])
    assert "BT205 shop/api.py" in note


def test_oddities_are_told() -> None:
    """A comment without a control, with an unknown one or without a reason is a note, one line for all of a kind."""
    odd = [Ignore(HERE, 7, 7, (), "why"), comment(8, "BT999"), comment(9, reason=""), comment(10, reason="")]
    notes = suppression.oddities(Comments([*odd, comment(11)]), {"BT205"})
    assert [note.partition(": ")[2] for note in notes] == [
        "shop/api.py:7",
        "shop/api.py:8 (BT999)",
        "shop/api.py:9 (BT205); shop/api.py:10 (BT205)",
    ]


def test_a_comment_that_suppresses_nothing_is_told() -> None:
    """Only of controls that were asked: what was not looked at may well be there."""
    comments = Comments([comment(7), comment(8), comment(9, "BT401"), comment(10, reason="")])
    suppression.sift([finding()], comments, (), TODAY)
    assert suppression.idle(comments, {"BT205"}) == ("suppressions that suppress nothing: shop/api.py:8 (BT205)",)


def test_many_notes_stay_one_line() -> None:
    """A project full of wrong comments cannot flood the report."""
    (note,) = suppression.oddities(Comments(comment(line, "BT999") for line in range(1, 1001)), {"BT205"})
    assert note.endswith("and 980 more")


def test_one_route_does_not_speak_for_its_neighbours() -> None:
    """Thirty routes that break a promise are one finding; a comment on one of them takes out that one alone."""
    routes = [
        Route((Endpoint("GET", f"/r{number}"),), Place("shop.py", number), Place("shop.py", number), f"view{number}")
        for number in range(1, 31)
    ]
    joined = correlate.join(Heard(asked=frozenset(Witness), routes=routes))
    controls = {"BT416": Control("BT416", "x", Severity.HIGH, "x", "M S")}
    broken = [
        Observation("BT416", Witness.WIRE, Verdict(False, "open", endpoints=route.endpoints, strength=Strength.PROVEN))
        for route in routes
    ]
    comments = Comments([comment(1, "BT416", uri="shop.py")])
    found = correlate.findings(broken, controls, joined, comments)
    sifted = suppression.sift(found, comments, (), TODAY)
    assert [len(each.endpoints) for each in sifted.counting] == [29]
    assert [each.endpoints for each in sifted.suppressed] == [routes[0].endpoints]


def test_what_a_specification_suppresses_on_an_operation() -> None:
    """It is suppressed there, not in the document as a whole; an entry at the top speaks for every line."""
    whole = finding(Place("openapi.yaml"))
    on_operation = Ignore(
        Place("openapi.yaml", 9), 1, 0, ("BT205",), "why", Silencer.SPECIFICATION, (Endpoint("GET", "/a"),)
    )
    on_all = Ignore(Place("openapi.yaml", 3), 0, 1 << 31, ("BT205",), "why", Silencer.SPECIFICATION)
    assert sift(whole, on_operation).suppressed == ()
    assert len(sift(whole, on_operation, on_all).suppressed) == 1
    assert len(sift(finding(Place("openapi.yaml", 70)), on_operation, on_all).suppressed) == 1
    assert len(sift(replace(whole, endpoints=(Endpoint("GET", "/a"),)), on_operation).suppressed) == 1
    both = replace(whole, endpoints=(Endpoint("GET", "/a"), Endpoint("GET", "/b")))
    assert sift(both, on_operation).suppressed == ()


def test_one_operation_of_a_shared_cause() -> None:
    """What is suppressed on one operation leaves the finding that others share; a place in the source holds it."""
    routes = [
        Route((Endpoint("GET", f"/r{number}"),), Place("shop.py", number), Place("shop.py", number), f"view{number}")
        for number in (1, 2)
    ]
    joined = correlate.join(Heard(asked=frozenset(Witness), routes=routes))
    controls = {"BT416": Control("BT416", "x", Severity.HIGH, "x", "M S")}
    wire = [
        Observation("BT416", Witness.WIRE, Verdict(False, "open", None, route.endpoints, cause="the hook"))
        for route in routes
    ]
    entry_of_one = Ignore(
        Place("openapi.yaml", 9), 1, 0, ("BT416",), "why", Silencer.SPECIFICATION, routes[0].endpoints
    )
    for comments in (Comments([entry_of_one]), Comments([comment(1, "BT416", uri="shop.py")])):
        sifted = suppression.sift(correlate.findings(wire, controls, joined, comments), comments, (), TODAY)
        assert [each.endpoints for each in sifted.counting] == [routes[1].endpoints]
        assert [each.endpoints for each in sifted.suppressed] == [routes[0].endpoints]
    source = Verdict(False, "here", Place("shop.py", 50), (*routes[0].endpoints, *routes[1].endpoints))
    comments = Comments([entry_of_one])
    found = correlate.findings([*wire, Observation("BT416", Witness.SOURCE, source)], controls, joined, comments)
    assert len(suppression.sift(found, comments, (), TODAY).counting) == 1
