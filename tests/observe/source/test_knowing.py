"""Of whom a file can mean something: the only method of a name says nothing about another project's objects."""

from __future__ import annotations

import ast

import pytest

from stopper.model import Endpoint
from stopper.observe.source import read_project

VIEW = """{0}
from flask import Flask
app = Flask(__name__)

@app.get("/pay")
def pay():
    return app.extensions["till"].charge_card()
"""
DESK = "token = 1\n\nclass Desk:\n    def charge_card(self):\n        return 1\n"


def reached(files: dict[str, str], defining: str) -> tuple[Endpoint, ...]:
    """Return the endpoints that run through the method."""
    project = read_project((path, text.encode()) for path, text in files.items())
    module = next(module for module in project.modules if module.path == defining)
    return module.endpoints(next(module.nodes(ast.Return)))


@pytest.mark.parametrize(
    ("imported", "met"),
    [("", False), ("import desk", True)],
    ids=["another project's", "a package that the file names"],
)
def test_only_method_of_a_name(imported: str, met: bool) -> None:
    """A call on an unknown object means the one method of its name where the file can know of it."""
    files = {
        "shop/__init__.py": "",
        "shop/views.py": VIEW.format(imported),
        "desk/__init__.py": "",
        "desk/paying.py": f"import flask\n{DESK}",
    }
    assert bool(reached(files, "desk/paying.py")) is met


def test_only_method_of_the_same_package() -> None:
    """Files of one package know of each other, whatever folder in it they stand in."""
    files = {
        "shop/__init__.py": "",
        "shop/web/__init__.py": "",
        "shop/web/views.py": VIEW.format(""),
        "shop/paying.py": f"import flask\n{DESK}",
    }
    assert reached(files, "shop/paying.py")
