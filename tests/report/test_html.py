"""The HTML report is one inert file: escaped, complete, and usable without a mouse or colours."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from stopper.model import Report
from stopper.report import html
from tests.report.hostile import hostile
from tests.report.samples import ROUTE, leaky, literal_key, silenced, unlooked
from tests.report.strategies import reports

_EMPTY = frozenset({"meta", "img", "link", "base", "embed", "input", "br"})


class Page(HTMLParser):
    """The elements, attributes and text of a page, and whether every element that begins also ends in its place."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element's beginning."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Take an element's end, which must be that of the last one open."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Take text."""
        self.text += data


def _inert(text: str) -> Page:
    page = Page(text)
    assert page.open == []
    names = {name for name, _ in page.attributes}
    assert not [name for name in names if name.startswith("on")]
    assert names.isdisjoint({"src", "style", "srcset", "action", "formaction", "srcdoc"})
    assert all((value or "").startswith("#") for name, value in page.attributes if name == "href")
    assert set(page.tags).isdisjoint(
        {"script", "img", "use", "image", "foreignobject", "iframe", "object", "embed", "link", "form", "base"}
    )
    assert page.tags.count("style") == 1
    assert not set(page.text) & set(map(chr, range(32))) - {"\n"}
    assert text.encode("utf-8")
    return page


def test_all_that_was_found_and_not_looked_at() -> None:
    """Grade, matrix, proof with its command, the line of code, suppressed findings and gaps are on the page."""
    text = Page(html.render(silenced())).text
    for wanted in (
        "8 of 100",
        "the specification says bearer, the wire says public",
        "orders:read",
        "Authorization: Bearer $TOKEN",
        ROUTE.text,
        "shop/api.py:41",
        "BT205 hardcoded_secret",
        "waits for the new gateway",
        "2027-02-21",
        "Not looked at",
        "9 × POST may change state",
        "ZeroDivisionError",
    ):
        assert wanted in text


def test_the_picture_of_sampled_tokens() -> None:
    """Each position is a bar of its kind; words say the same, for whoever does not see it, and no value is shown."""
    page = Page(html.render(leaky()))
    bars = [value for name, value in page.attributes if name == "class" and (value or "").startswith("bar ")]
    assert (len(bars), bars.count("bar fixed"), bars.count("bar leaning")) == (128, 13, 1)
    assert ("role", "img") in page.attributes
    assert ("aria-labelledby", "sample-1-title sample-1-text") in page.attributes
    assert page.text.count("never change: 13 (1-12, 128)") == 2
    assert "not foretold" in page.text
    assert "svg" not in Page(html.render(replace(leaky(), observations=()))).tags


def test_a_scan_without_a_grade_says_why() -> None:
    """Interrupted and ungraded: both reasons are told, and nothing is called clean."""
    text = Page(html.render(unlooked())).text
    assert "neither the wire nor the application was asked" in text
    assert "Partial:" in text and "interrupted" in text
    assert "no control had anything to look at" in text


def test_the_way_through_the_code() -> None:
    """A flow shows each step with its file and line."""
    text = Page(html.render(replace(leaky(), findings=(literal_key(),)))).text
    assert "shop/tokens.py:19" in text and "signs tokens with it" in text


def test_before_and_after() -> None:
    """A page's bad and good code stand beside each other, once for each control."""
    page = "Sentence.\n\n## Bad\n\n    token = 'x'\n\n    use(token)\n\n## Good\n\n    token = read()\n"
    finding = literal_key()
    twice = replace(leaky(), findings=(finding, replace(finding, occurrence=2)), pages={"BT205": page})
    text = Page(html.render(twice)).text
    assert text.count("token = 'x'\n\nuse(token)") == text.count("token = read()") == 1
    assert text.index("Before") < text.index("token = 'x'") < text.index("After") < text.index("token = read()")
    assert "BT205 is explained at finding 1" in text


def test_the_policy_allows_the_style_sheet_alone() -> None:
    """The policy's hash is that of the style element, and everything else is refused."""
    text = html.render(leaky())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in text
    assert not re.search(r"url\(|@import|expression", style[1])


@pytest.mark.parametrize("render", [html.render, html.render_matrix], ids=["report", "matrix"])
def test_hostile_texts_add_no_element(render: html.Renderer) -> None:
    """With attacks in every text, the page has the elements that it has without them."""
    assert set(_inert(render(hostile())).tags) == set(_inert(render(silenced())).tags)


def test_every_table_has_headers() -> None:
    """Tables have a caption and headers of columns and rows: a screen reader can say where one is."""
    page = Page(html.render(silenced()))
    assert page.tags.count("table") == page.tags.count("caption") == page.tags.count("thead") == 2
    assert ("scope", "col") in page.attributes and ("scope", "row") in page.attributes


def test_what_does_not_fit_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings and endpoints beyond the limits are told as a number."""
    monkeypatch.setattr(html, "FINDINGS", 2)
    monkeypatch.setattr(html, "ROWS", 1)
    text = Page(html.render(leaky())).text
    assert "3 more findings stand in the JSON report" in text
    assert "2 more endpoints stand in the JSON report" in text


@given(reports())
@settings(max_examples=25, deadline=None)
def test_any_report_is_inert(report: Report) -> None:
    """Whatever names and bodies hold, the page is whole and nothing in it runs or is fetched."""
    _inert(html.render(report))
