"""The comment on a pull request: short, complete in what it names, and without markup that is not ours."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

from stopper.model import Report
from stopper.report import markdown
from tests.report.hostile import ALL, hostile
from tests.report.samples import leaky, open_orders, silenced, unlooked
from tests.report.strategies import reports

_OURS = re.compile(r"<!-- -->|</?details>|</?summary>")


def _tokens(text: str) -> list[Token]:
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return [inner for token in tokens for inner in (token, *(token.children or ()))]


def _harmless(text: str) -> list[Token]:
    tokens = _tokens(text)
    assert {token.type for token in tokens}.isdisjoint({"link_open", "image"})
    for token in tokens:
        if token.type == "html_inline":
            assert _OURS.fullmatch(token.content)
        if token.type == "html_block":
            assert "<" not in _OURS.sub("", token.content)
    return tokens


def _shown(text: str) -> str:
    return "".join(token.content for token in _tokens(text) if token.type in ("text", "text_special", "fence"))


def test_what_a_reviewer_needs() -> None:
    """Grade, findings with their place, a proof, drift, gaps and suppressed findings are in the comment."""
    text = _shown(markdown.render(silenced()))
    for wanted in (
        "grade F, 8 of 100",
        "shop/api.py:41",
        "$TOKEN",
        "the specification says bearer, the wire says public",
        "9 × POST may change state",
        "the demo holds no data",
    ):
        assert wanted in text


def test_a_scan_that_is_not_whole() -> None:
    """An interrupted scan says so, and that nothing was looked at."""
    text = _shown(markdown.render(unlooked()))
    assert "interrupted" in text
    assert "no control had anything to look at" in text


def test_hostile_texts_are_no_markup() -> None:
    """Attacks in every text make no link, picture, element, call of a person or table cell."""
    text = markdown.render(hostile())
    tokens = _harmless(text)
    rows = [token for token in tokens if token.type == "tr_open"]
    cells = [token for token in tokens if token.type in ("td_open", "th_open")]
    findings, drift = len(silenced().findings) + 1, 2
    assert (len(rows), len(cells)) == (findings + drift, findings * 4 + drift * 6)
    outside = re.sub(r"(?s)```+text\n.*?\n```+", "", text)
    assert not re.search(r"@\w|(?<!&)#\d|://|www\.|javascript:", outside)


def test_a_fence_that_the_text_cannot_close() -> None:
    """A body with fences of its own stays inside the fence."""
    finding = open_orders()
    told = finding.observations[0].verdict
    piece = replace(told.evidence[0], detail=f"````\n```\n{ALL}")
    seen = replace(finding.observations[0], verdict=replace(told, evidence=(piece,)))
    text = markdown.render(replace(leaky(), findings=(replace(finding, observations=(seen,)),)))
    fences = [token for token in _harmless(text) if token.type == "fence"]
    assert len(fences) == 1
    assert "@everyone" in fences[0].content and "$TOKEN" in fences[0].content


def test_size() -> None:
    """A report of thousands of findings stays below what code hosts take, and says that it is cut."""
    many = replace(leaky(), findings=(replace(open_orders(), message="m" * 5_000),) * 3_000)
    text = markdown.render(many)
    assert len(text) < 32_768
    assert "and 2970 more" in text


@given(reports())
@settings(max_examples=40, deadline=None)
def test_any_report_is_harmless(report: Report) -> None:
    """Whatever names and bodies hold, the comment has no markup that is not ours, and encodes."""
    text = markdown.render(report)
    assert text.encode("utf-8")
    assert len(text) <= markdown.LARGEST + 200
    _harmless(text)
