"""Specifications changed as text: the change alone differs, in the style of what stands beside it."""

from __future__ import annotations

import json

import pytest
import yaml

from stopper.model import Place
from stopper.observe.spec.rewriting import Part, SpecText
from stopper.rewrite import CannotRewriteError, Text

REFUSAL = {"description": "no token", "headers": {"WWW-Authenticate": {"schema": {"type": "string"}}}}


def changed(text: str, change: Text) -> str:
    """Return the text with one change made."""
    return text[: change.start] + change.text + text[change.end :]


def mapping(document: SpecText, *keys: str) -> Part:
    """Return a value by its keys."""
    part = document.root
    for key in keys:
        part = part.entries[key]
    return part


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "r:\n  '200':  # fine\n    d: x  # here\n  # others\n  default: {d: y}\nz: 1\n",
            'r:\n  \'200\':  # fine\n    d: x  # here\n  "401":\n    description: "no token"\n    headers:\n'
            "      WWW-Authenticate:\n        schema:\n          type: string\n  # others\n  default: {d: y}\nz: 1\n",
        ),
        (
            "r:\n    '404': {d: y}\n",
            'r:\n    \'404\': {d: y}\n    "401":\n      description: "no token"\n      headers:\n'
            "        WWW-Authenticate:\n          schema:\n            type: string\n",
        ),
        (
            "r: {'200': {d: x}}  # all\n",
            "r: {'200': {d: x}, \"401\": " + json.dumps(REFUSAL) + "}  # all\n",
        ),
        ("r: {}\n", 'r: {"401": ' + json.dumps(REFUSAL) + "}\n"),
        (
            "r:\n  '200':\n    d: |\n      long\n      text\n\nz: 1\n",
            'r:\n  \'200\':\n    d: |\n      long\n      text\n  "401":\n    description: "no token"\n    headers:\n'
            "      WWW-Authenticate:\n        schema:\n          type: string\n\nz: 1\n",
        ),
    ],
    ids=["block", "only a later one", "flow", "empty", "block text"],
)
def test_entry_in_yaml(before: str, after: str) -> None:
    """An entry is written behind the one that sorts before it, as the others are, and comments stay where they are."""
    document = SpecText("a.yaml", before.encode())
    made = changed(before, document.entry(mapping(document, "r"), "401", REFUSAL))
    assert made == after
    assert yaml.safe_load(made)["r"]["401"] == REFUSAL


@pytest.mark.parametrize(
    "before",
    [
        '{"r": {"200": {"d": "x"}, "default": {}}}',
        '{\n  "r": {\n    "200": {"d": "\\ud83d\\ude00"},\n    "default": {}\n  }\n}\n',
        '{\n\t"r": {\n\t\t"200": {\n\t\t\t"d": []\n\t\t}\n\t}\n}\n',
        '{"r": {}}',
    ],
    ids=["one line", "lines", "tabs", "empty"],
)
def test_entry_in_json(before: str) -> None:
    """An entry of JSON stands on lines of its own where the others do, indented by what they are indented by."""
    document = SpecText("a.json", before.encode())
    change = document.entry(mapping(document, "r"), "401", REFUSAL)
    made = changed(before, change)
    assert json.loads(made)["r"] == {**json.loads(before)["r"], "401": REFUSAL}
    assert made.replace(change.text, "") == before and ("\n" in change.text) == ("\n" in before)
    assert "\t" not in before or "\n\t\t\t" in change.text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:\n  - x  # one\n  - y  # two\n  - z\n", "a:\n  - x  # one\n  - z\n"),
        ("a: [x, y, z]\n", "a: [x, z]\n"),
        ("a: [x, y]\n", "a: [x]\n"),
        ('{"a": ["x", "y", "z"]}', '{"a": ["x", "z"]}'),
        ("a:\n- x\n- k: 1\n  y: 2\n", "a:\n- x\n"),
    ],
)
def test_item_taken_out(before: str, after: str) -> None:
    """An item goes with its comma or line; the others keep their comments."""
    document = SpecText("a.yaml", before.encode())
    assert changed(before, document.without(mapping(document, "a").items[1])) == after


def test_last_item_stays() -> None:
    """The only item is not taken out: an empty list means something else."""
    document = SpecText("a.yaml", b"a: [x]\n")
    with pytest.raises(CannotRewriteError):
        document.without(mapping(document, "a").items[0])


def test_values_keep_their_quotes_or_get_them() -> None:
    """A part of a value is replaced inside its quotes; a whole one gets quotes where it could mean something else."""
    text = "u: 'HTTP://a.test'  # x\nv: old\n"
    document = SpecText("a.yaml", text.encode())
    assert changed(text, document.replaced(mapping(document, "u"), "http:", "https:")).startswith(
        "u: 'https://a.test'  #"
    )
    assert changed(text, document.value(mapping(document, "v"), "no")).endswith('v: "no"\n')
    with pytest.raises(CannotRewriteError):
        document.replaced(mapping(document, "v"), "http:", "https:")


def test_place_finds_the_value() -> None:
    """A place as the reader gives it, at the key, finds the value, the innermost one where several begin there."""
    document = SpecText("a.yaml", "é: 1\ns:\n  - url: x\n    d: y\n".encode())
    assert document.at(Place("a.yaml", 3, 5)).text == "x"
    assert document.at(Place("a.yaml", 2, 1)).items
    with pytest.raises(CannotRewriteError):
        document.at(Place("a.yaml", 9, 1))


@pytest.mark.parametrize("data", ["a: 1\r\nb: 2\r\n", "\ufeffa: 1\n"])
def test_bytes_of_the_file(data: str) -> None:
    """Line ends and byte order mark come back; a file of mixed ends is told apart."""
    document = SpecText("a.yaml", data.encode())
    assert document.whole and document.encoded(document.text) == data.encode()
    assert not SpecText("a.yaml", b"a: 1\r\nb: 2\n").whole


def test_deep_nesting_is_refused() -> None:
    """A document nested deeper than parsers of positions go is told, and ends nothing."""
    for text in ("[" * 5000 + "]" * 5000, "{a: " * 5000 + "}" * 5000):
        with pytest.raises(CannotRewriteError):
            _ = SpecText("a.yaml", text.encode()).root
