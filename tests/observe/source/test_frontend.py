"""Pages, templates and scripts: what of them is read, and what of that a browser obeys."""

from __future__ import annotations

import time

import pytest

from stopper.controls import catalogue
from stopper.observe.source import read_project, reads
from stopper.observe.source.frontend import LARGEST, LONGEST, read

STORED = "localStorage.setItem('token', data.token)"


def code(path: str, text: str) -> str:
    """Return what a browser obeys of a file."""
    return read(path, text.encode()).code


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.js", f"// {STORED}\n/* {STORED}\n*/"),
        ("a.html", f"<!-- <script>{STORED}</script> --><p>{STORED}</p>"),
        ("a.jinja2", f"{{# <script>{STORED}</script> #}}"),
        ("a.vue", f"<script>\n// {STORED}\n</script>"),
    ],
)
def test_comments_and_prose_are_not_obeyed(path: str, text: str) -> None:
    """What stands in a comment, or is only shown, is gone; every line and column stays."""
    assert not code(path, text).strip(" \n<>/script")
    assert [len(line) for line in code(path, text).split("\n")] == [len(line) for line in text.split("\n")]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.ts", f"const a = 'https://a.test/*'; {STORED}"),
        ("a.html", f"<script type='module'>{STORED}"),
        ("a.html", f'<button onclick="{STORED}">'),
        ("a.HTML", f"<SCRIPT>{STORED}</SCRIPT>"),
    ],
)
def test_scripts_and_attributes_are_obeyed(path: str, text: str) -> None:
    """What runs is kept: after a text that looks like a comment, in an unclosed script, in an attribute."""
    assert STORED in code(path, text)


def test_bundles_and_large_files_are_told() -> None:
    """A bundle, by its name or its lines, and a file beyond the bound are not read, and say so."""
    made = {"app.min.js": STORED, "app.js": f"{STORED};{' ' * LONGEST}x", "big.html": STORED + " " * LARGEST}
    project = read_project([(path, text.encode()) for path, text in made.items()])
    assert [page.unread != () for page in project.frontends] == [True, True, True]
    assert not [v for page in project.frontends for v in catalogue()["BT314"].hooks["frontend"](page)]


def test_only_what_may_matter_is_kept() -> None:
    """A page in which nothing stands that a control looks at is let go; the digest tells the others apart."""
    assert reads("static/app.tsx")
    assert not reads("static/app.css")
    assert not read_project([("a.html", b"<p>hello</p>")]).frontends
    assert read_project([("a.js", STORED.encode())]).digest != read_project([("a.js", STORED.encode() + b" ")]).digest


@pytest.mark.parametrize(
    "part", ["<script", "<script>", "`", "/*", "{#", "<a ", "?token=${", "localStorage.setItem(A, b\n"]
)
def test_hostile_pages_take_little_time(part: str) -> None:
    """A page made of half a megabyte of openings is read in seconds."""
    text = ("localStorage ?token= " + part * (LARGEST // len(part)))[:LARGEST].replace("}", "}\n").encode()
    started = time.monotonic()
    for path in ("a.html", "a.ts"):
        for entry in catalogue().values():
            if "frontend" in entry.hooks:
                list(entry.hooks["frontend"](read(path, b"\n".join(text[i : i + 90] for i in range(0, len(text), 90)))))
    assert time.monotonic() - started < 20
