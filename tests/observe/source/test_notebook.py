"""Notebooks: the code of their cells, at the lines of the file."""

from __future__ import annotations

import json

import pytest

from stopper.controls import catalogue
from stopper.observe.source import State, read_project
from stopper.observe.source.files import UnreadableError
from stopper.observe.source.notebook import read_notebook


def cell(*lines: str) -> dict[str, object]:
    """Return a code cell of these lines."""
    return {"cell_type": "code", "outputs": [], "source": [f"{line}\n" for line in lines]}


def notebook(*cells: dict[str, object], language: str = "python", indent: int | None = 1) -> bytes:
    """Return the bytes of a notebook as nbformat writes it."""
    return json.dumps({"cells": cells, "metadata": {"kernelspec": {"language": language}}}, indent=indent).encode()


TEXT = {"cell_type": "markdown", "source": ["requests.get(url, verify=False)\n"]}


def test_places_are_lines_of_the_file_and_name_the_cell() -> None:
    """A finding in a cell stands at the line of the file where that line of code is, and its text names the cell."""
    data = notebook(
        TEXT, cell("import requests"), cell("%cd /tmp", 'url = "https://a.test/é"', "requests.get(url, verify=False)")
    )
    project = read_project([("work.ipynb", data)])
    assert project.files[0].state is State.ANALYSED
    (module,) = project.modules
    (verdict,) = catalogue()["BT110"].hooks["source"](module)
    assert verdict.place is not None
    assert "verify=False" in data.decode().split("\n")[verdict.place.line - 1]
    assert verdict.place.uri == "work.ipynb"
    assert verdict.place.text == "cell 2: requests.get(url, verify=False)"


def test_one_string_holds_a_whole_cell() -> None:
    """A cell written as one string, or a whole notebook on one line, has its code at that line."""
    whole: dict[str, object] = {"cell_type": "code", "source": "import requests\nrequests.get(url, verify=False)"}
    data = notebook(whole, indent=None)
    (module,) = read_project([("work.ipynb", data)]).modules
    (verdict,) = catalogue()["BT110"].hooks["source"](module)
    assert verdict.place is not None
    assert verdict.place.line == 1


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["%matplotlib inline", "x = 1"], ["pass", "x = 1"]),
        (["if x:", "    !pip install y", "    z()"], ["if x:", "    pass", "    z()"]),
        (["names = !ls", "path, y = %env PATH"], ["names = None", "path, y = None"]),
        (["requests.get?"], ["pass"]),
        (["%%bash", "curl $X"], ["", ""]),
        (["%%time", "x = 1"], ["pass", "x = 1"]),
        (["x = (a", "  % b)"], ["x = (a", "  % b)"]),
    ],
)
def test_magics_are_neutralised(lines: list[str], wanted: list[str]) -> None:
    """What IPython alone understands gives way, line for line; the operator % stays."""
    assert read_notebook(notebook(cell(*lines))).lines == wanted


def test_cells_that_are_no_python_leave_the_others() -> None:
    """One broken cell makes the notebook one of which only some lines are read, and the others still speak."""
    data = notebook(cell("this is no python"), cell("import requests", "requests.get(url, verify=False)"))
    project = read_project([("work.ipynb", data)])
    assert project.files[0].state is State.PATTERNS_ONLY
    (verdict,) = catalogue()["BT110"].hooks["source"](project.modules[0])
    assert verdict.place is not None
    assert "verify=False" in data.decode().split("\n")[verdict.place.line - 1]


def test_what_is_no_notebook_of_python_is_refused() -> None:
    """Broken JSON, deep JSON and notebooks of other languages are told, not read."""
    for data in (b"{", b"[" * 100_000, notebook(cell("x <- 1"), language="R")):
        with pytest.raises(UnreadableError):
            read_notebook(data)
