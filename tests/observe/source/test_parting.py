"""Which folders of a tree are projects of their own."""

from __future__ import annotations

import pytest

from stopper.observe.source import module, read_project
from stopper.observe.source.parting import parted

METADATA = "flask-3.1.2.dist-info/METADATA"


def groups(files: dict[str, str], *beside: str) -> list[list[str]]:
    return parted({path: text.encode() for path, text in files.items()}, beside)


def test_folders_that_never_name_each_other_are_projects_of_their_own() -> None:
    """Repositories in one folder have nothing to do with each other."""
    files = {"ada+shop/app.py": "import flask", "bob+blog/app.py": "import flask", "bob+blog/models.py": ""}
    assert groups(files) == [["ada+shop/app.py"], ["bob+blog/app.py", "bob+blog/models.py"]]


@pytest.mark.parametrize(
    "text", ["import models", "from models.user import User", 'register("models.user")', "from models import *"]
)
def test_who_names_a_folder_belongs_to_it(text: str) -> None:
    """An import and a text that begins with a folder's name join both."""
    assert len(groups({"api/views.py": text, "models/user.py": ""})) == 1


def test_joining_goes_on() -> None:
    """Two folders that a third one names are one project with it."""
    assert len(groups({"a/x.py": "import b", "b/x.py": "import c", "c/x.py": ""})) == 1


def test_files_beside_the_folders_are_together() -> None:
    """What stands at the top is one project, with the folders that it names."""
    assert groups({"app.py": "import shop", "wsgi.py": "", "shop/x.py": "", "other/x.py": ""}) == [
        ["app.py", "wsgi.py", "shop/x.py"],
        ["other/x.py"],
    ]


def test_installed_packages_are_projects_of_their_own() -> None:
    """Packages name each other all the time: where their metadata lies beside them, each is its own project."""
    files = {"flask/app.py": "import werkzeug", "werkzeug/http.py": ""}
    assert len(groups(files)) == 1
    assert len(groups(files, METADATA)) == 2
    deeper = {f"lib/{path}": text for path, text in files.items()} | {"app/x.py": "import lib"}
    assert len(groups(deeper, f"lib/{METADATA}")) == 3


def test_imports_are_followed_into_other_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part resolves names in the others and has routes of its own alone."""
    monkeypatch.setattr(module, "_WHOLE", 0)
    route = "@app.get('/{0}')\ndef view():\n    return '{0}'\n"
    files = {
        "one/__init__.py": "from flask import Flask\napp = Flask(__name__)\n" + route.format("one"),
        "two/__init__.py": "from one import app\n" + route.format("two"),
        METADATA: "Name: flask\nVersion: 3.1.2\n",
    }
    one, two = read_project((path, text.encode()) for path, text in files.items()).parts()
    assert [route.endpoints[0].path for route in one.routes] == ["/one"]
    assert [route.endpoints[0].path for route in two.routes] == ["/two"]


def test_a_small_tree_is_one_project() -> None:
    """Only what is too large to be asked as a whole is parted."""
    project = read_project([("a/x.py", b"import flask"), ("b/x.py", b"import flask")])
    assert project.parts() == [project]
