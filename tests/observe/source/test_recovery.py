"""What is read of files that Python's own parser refuses, and who may speak of them."""

from __future__ import annotations

import ast
import contextlib
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stopper.controls import catalogue
from stopper.model import Strength
from stopper.observe.source import State, read_project
from stopper.observe.source.files import UnreadableError, decode_anyhow
from stopper.observe.source.recovery import recover


def recovered(text: str) -> ast.Module:
    """Return the tree of what is read of a text."""
    return recover(textwrap.dedent(text))


def calls(tree: ast.Module) -> dict[str, int]:
    """Return the lines of the calls in a tree by what is called."""
    return {ast.unparse(node.func): node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call)}


PYTHON_2 = """\
import requests
def load(url, (user, password)):
\tprint "loading", url
        try:
            return first(url,
                verify=False)
        except IOError, error:
\t    raise Failed, error
        second(0777)
        third(url)
"""

LATER = """\
    type Url = str
    @first()
    def load[T](url: T) -> T:
        try:
            second(f"{url["a"]}")
        except KeyError, ValueError:
            third(url)
        return t"{url}"
    class Kept[T](Base):
        fourth(url)
    """

CYTHON = """\
    cimport numpy as np
    from libc.math cimport sin
    cdef extern from "x.h":
        int foo(int)
    cdef class Kept:
        cdef int x
        cpdef inline int load(self, int y) except -1:
            first(y)
    cdef int other(int y):
        return second(y)
    """


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param(PYTHON_2, {"first": 5, "third": 10}, id="python 2"),
        pytest.param(LATER, {"first": 2, "third": 7, "fourth": 10}, id="a later python"),
        pytest.param(CYTHON, {"first": 8, "second": 10}, id="cython"),
        pytest.param(
            "first()\nif (:\n    second()\nthird()\n", {"first": 1, "second": 3, "third": 4}, id="broken line"
        ),
        pytest.param("text = '''\nprint x\n'''\nprint x\nfirst(text)\n", {"first": 5}, id="a text of several lines"),
        pytest.param("first()\n" + "(" * 2000 + ")" * 2000 + "\n", {"first": 1}, id="nested"),
        pytest.param("first()\n" + "1+" * 20000 + "1\n", {"first": 1}, id="a long sum"),
        pytest.param(
            "if 1:\n  def f():\n      first()\n    print x\n  second()\n", {"first": 3, "second": 5}, id="between"
        ),
    ],
)
def test_readable_lines_are_kept(text: str, wanted: dict[str, int]) -> None:
    """Every line that can be read is kept at its own number, with the block around it; the others are gone."""
    assert calls(recovered(text)) == wanted


def test_names_of_unreadable_headers_are_kept() -> None:
    """A function or class whose header cannot be read keeps its name, a handler stays a handler."""
    tree = recovered(LATER)
    assert [type(node).__name__ for node in tree.body] == ["Pass", "FunctionDef", "ClassDef"]
    assert [node.name for node in tree.body[1:]] == ["load", "Kept"]  # type: ignore[attr-defined]
    assert isinstance(tree.body[1].body[0], ast.Try)  # type: ignore[attr-defined]


def test_good_source_stays_as_it_is() -> None:
    """Nothing is lost of a file that Python can read."""
    for module in (ast, textwrap):
        with open(module.__file__, encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
        assert ast.dump(recover(text)) == ast.dump(ast.parse(text))


@given(
    st.lists(
        st.sampled_from(
            [
                "if x:",
                "try:",
                "except A, e:",
                "print x",
                "f(",
                ")",
                "'''",
                "y = 1",
                "\\",
                "@d",
                "def g(",
                "\tz",
                "  w",
                "else:",
                "{",
            ]
        ),
        max_size=12,
    )
)
def test_any_text_is_read_or_refused(rows: list[str]) -> None:
    """Whatever rows stand together, there is a tree or the one error."""
    with contextlib.suppress(UnreadableError):
        assert isinstance(recover("\n".join(rows)), ast.Module)


def test_a_text_made_to_be_slow_is_given_up() -> None:
    """Where the tolerant parser would take minutes, the file is refused in seconds."""
    started = time.monotonic()
    with pytest.raises(UnreadableError, match="too long"):
        recover("print x\nif a:\\\n" + "b\\\n" * 100_000)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("source", [b"\0\1import jwt", b"", "importé jwt".encode("utf-16") + b"\0\0"])
def test_nothing_is_made_of_what_is_no_text(source: bytes) -> None:
    """Bytes that are no text, and a text of which no line can be read, are refused."""
    with pytest.raises(UnreadableError):
        recover(decode_anyhow(source))


def test_state_and_verdicts_of_a_file_read_in_part() -> None:
    """Such a file has a state of its own; only controls that one line decides speak of it, less surely."""
    source = b"import jwt, requests\nprint 'x'\nSECRET_KEY = 'correct-horse-battery'\njwt.decode(token, SECRET_KEY)\n"
    source += b"requests.get(url, verify=False)\nrequests.get(url)\n"
    project = read_project([("old.py", source)])
    (state,) = project.files
    assert state.state is State.PATTERNS_ONLY
    assert state.state.unread
    assert "not the syntax of Python" in state.why
    assert project.at("old.py") is None
    (module,) = project.modules
    said = {
        control: list(entry.hooks["source"](module))
        for control, entry in catalogue().items()
        if "source" in entry.hooks
    }
    assert {
        control: [verdict.place.line for verdict in verdicts if verdict.place]
        for control, verdicts in said.items()
        if verdicts
    } == {
        "BT110": [5],
        "BT205": [3],
    }
    assert {verdict.strength for verdicts in said.values() for verdict in verdicts} == {Strength.PARTIAL}
