"""Comments that suppress: which are ones, what they say, and for which lines they speak."""

from __future__ import annotations

import json

import pytest

from stopper.model import Ignore, Place
from stopper.observe.source.suppressions import suppressions


def only(text: str, path: str = "shop/api.py") -> Ignore:
    """Return the one suppressing comment of a text."""
    (found,) = suppressions(path, text.encode())
    return found


@pytest.mark.parametrize(
    ("comment", "controls", "reason"),
    [
        ("# stopper: ignore[BT205] rotated daily", ("BT205",), "rotated daily"),
        ("#stopper:ignore[BT205, bt206]   two of them", ("BT205", "BT206"), "two of them"),
        ("# stopper: ignore[BT205] - why", ("BT205",), "why"),
        ("# noqa: S105  # stopper: ignore[BT205] why  # type: ignore", ("BT205",), "why"),
        ("# stopper: ignore[BT205]", ("BT205",), ""),
        ("# stopper: ignore[BT205] --", ("BT205",), ""),
        ("# stopper: ignore[] why", (), "why"),
        ("# stopper: ignore", (), ""),
    ],
)
def test_what_a_comment_says(comment: str, controls: tuple[str, ...], reason: str) -> None:
    """Ids stand in brackets, parted by commas; what follows up to the next comment is the reason, if it says a word."""
    assert only(f"key = 'x'  {comment}\n") == Ignore(Place("shop/api.py", 1), 1, 1, controls, reason)


@pytest.mark.parametrize(
    "text",
    [
        "key = '# stopper: ignore[BT205] why'\n",
        'text = """\n# stopper: ignore[BT205] why\n"""\n',
        "f = f'{key} # stopper: ignore[BT205] why'\n",
        "key = 1  # stopper: ignored[BT205] why\n",
        "key = 1  # see stopper: ignore[BT205] why\n",
        "key = 1  # stopper is a scanner\n",
    ],
)
def test_what_is_no_suppression(text: str) -> None:
    """A string that holds the words suppresses nothing, nor does a comment that only speaks of it."""
    assert suppressions("shop/api.py", text.encode()) == ()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("x = 1\nkey = f(  # stopper: ignore[BT205] why\n    'x',\n    'y',\n)\ny = 1\n", 2, 5),
        ("x = 1\nkey = f(\n    'x',\n    'y',\n)  # stopper: ignore[BT205] why\ny = 1\n", 2, 5),
        ("x = 1\nkey = f(\n    'x',  # stopper: ignore[BT205] why\n    'y',\n)\ny = 1\n", 3, 3),
        ("x = 1\nkey = f(\n    # stopper: ignore[BT205] why\n    'x',\n)\ny = 1\n", 3, 3),
        ("x = 1\nif x:  # stopper: ignore[BT205] why\n    y = 1\n    z = 1\n", 2, 2),
        ("x = 1\n# stopper: ignore[BT205] why\nkey = 'x'\n", 2, 2),
        ("x = 1\n\n\n    # stopper: ignore[BT205] why\n", 4, 4),
        ("key = '''a\nb\n'''  # stopper: ignore[BT205] why\n", 1, 3),
        ("@route(\n    '/x',\n)  # stopper: ignore[BT205] why\ndef f(): pass\n", 1, 3),
        ("x = 1\nif x:\n    y = 1\n    # stopper: ignore[BT205] why\nz = 1\n", 4, 4),
        ("x = 1  # stopper: ignore[BT205] why", 1, 1),
    ],
)
def test_lines_that_a_comment_speaks_for(text: str, first: int, last: int) -> None:
    """The first and last line of a statement speak for all of it, one between and one of its own for itself."""
    found = only(text)
    assert (found.first, found.last) == (first, last)


def test_a_file_that_breaks_off() -> None:
    """What stands before the break is read; bytes that are no text and open brackets end nothing."""
    assert only("key = 1  # stopper: ignore[BT205] why\nx = (\n").first == 1
    assert suppressions("a.py", b"key = 1  # stopper: ignore[BT205] \xff why\n")[0].controls == ("BT205",)
    assert suppressions("a.py", b"\x00stopper:\x00") == ()


def test_lists_of_packages_and_notebooks() -> None:
    """A pinned release is suppressed in its line, a cell's line at its line of the notebook's file."""
    found = only("flask==3.1\npyjwt==1.7  # stopper: ignore[BT215] held back by a client\n", "requirements.txt")
    assert (found.first, found.last, found.reason) == (2, 2, "held back by a client")
    cell = {"cell_type": "code", "source": ["x = 1\n", "key = f(\n", "    'x')  # stopper: ignore[BT205] why"]}
    text = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}, indent=1)
    found = only(text, "work.ipynb")
    rows = [number for number, line in enumerate(text.split("\n"), 1) if "key = f(" in line or "'x')" in line]
    assert [found.first, found.last] == rows
