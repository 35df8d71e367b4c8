"""`stopper fix` as a user runs it: the plan, the files written or not, the copy that is tried first."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from stopper.cli import fix
from stopper.fix.jobs import Job
from stopper.fix.rewriter import rewritten
from stopper.fix.writing import Replacement, put
from stopper.io.files import FileError
from stopper.rewrite import Import

APP = '''"""A shop."""
import os

from flask import Flask, jsonify, request

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ.get("SECRET_KEY", "canary-Secret-0147!")  # sessions
API_KEY = os.environ["API_KEY"]


@app.get("/orders")
def orders():
    # those of the caller
    if request.headers.get("X-API-Key") != API_KEY:
        return jsonify(error="no"), 401
    return jsonify([])
'''
SPEC = """\
openapi: 3.0.3
info: {title: Shop, version: "1"}   # ours
servers:
  - url: http://api.shop.example  # to come
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
security: [{bearer: []}]
paths:
  /orders: {get: {responses: {"200": {description: all}, "401": {description: none}}}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project in the working directory; its repairs are made in this process."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    (folder / "openapi.yaml").write_text(SPEC)
    (folder / "requirements.txt").write_text("")
    monkeypatch.chdir(folder)
    monkeypatch.setattr("stopper.fix.jobs.run", lambda given: list(map(rewritten, given)))
    return folder


def run(*words: str) -> Result:
    """Run the command; what went wrong in it is raised."""
    return CliRunner().invoke(fix.command, [*words, "--no-cache", "--jobs", "1"])


def repairs(result: Result) -> dict[str, dict[str, Any]]:
    """Return the repairs of JSON output by control."""
    return {each["control"]: each for each in json.loads(result.stdout)["repairs"]}


def test_plan_writes_nothing(project: Path) -> None:
    """By default the plan, the risks and the differences are shown, no secret is, and no file is touched."""
    result = run(".", "openapi.yaml")
    assert result.exit_code == 1
    assert (project / "app.py").read_text() == APP and (project / "openapi.yaml").read_text() == SPEC
    for told in ("BT206", "to decide: set the environment variable SECRET_KEY", "risk: stricter", "+import hmac"):
        assert told in result.stdout
    assert "canary" not in result.output
    assert result.stdout.splitlines()[-1].endswith("2 files would change, nothing is written")


def test_written(project: Path) -> None:
    """With --write the files are changed, keep their permissions and comments, and a second run has nothing to do."""
    (project / "app.py").chmod(0o640)
    chosen = ("--control", "BT206", "--control", "bt419", "--control", "spec_server_over_http")
    result = run(".", "openapi.yaml", "--write", *chosen)
    assert result.exit_code == 0, result.output
    text = (project / "app.py").read_text()
    assert 'os.environ["SECRET_KEY"]  # sessions\n' in text and "not hmac.compare_digest(" in text
    assert (project / "openapi.yaml").read_text() == SPEC.replace("http://", "https://")
    assert (project / "app.py").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in project.iterdir()) == ["app.py", "openapi.yaml", "requirements.txt"]
    again = run(".", "openapi.yaml", "--write", *chosen)
    assert again.exit_code == 0 and "0 files" in again.stdout
    assert (project / "app.py").read_text() == text


def test_what_is_left_by_hand(project: Path) -> None:
    """A finding without a repair is told with the lines to write, and the command ends with 1 though it wrote."""
    text = APP.replace("os.environ.get(", "load(").replace("import os", "import os\nfrom settings import load")
    text += '\n\napp.config.setdefault("SECRET_KEY", "canary-Other-2580!")\n'
    (project / "app.py").write_text(text)
    result = run(".", "--write", "--format", "json", "--control", "BT206", "--control", "BT419")
    assert json.loads(result.stdout)["written"] and "hmac.compare_digest" in (project / "app.py").read_text()
    left = repairs(result)["BT206"]
    assert left["kind"] == "by hand" and left["by_hand"][0]["lines"]
    assert result.exit_code == 1 and "canary" not in result.output


def test_verified_before_it_is_written(project: Path) -> None:
    """With --verify the copy is tested and scanned; here all is gone, and then the original is written."""
    (project / "check.py").write_text("import app, os\nassert app.app.secret_key == os.environ['SECRET_KEY']\n")
    command = f"{sys.executable} check.py"
    os.environ.update(SECRET_KEY="s", API_KEY="k")
    try:
        result = run(".", "openapi.yaml", "--verify", "--tests", command, "--write", "--format", "json")
    finally:
        del os.environ["SECRET_KEY"], os.environ["API_KEY"]
    document = json.loads(result.stdout)
    assert document["verification"]["tests"] == {"status": 0}
    assert document["verification"]["came_true"] and document["written"]
    assert all(repairs(result)[name]["fate"] == "gone" for name in ("BT104", "BT206", "BT419"))
    assert not (project / "__pycache__").exists()


def test_failing_tests_keep_the_original(project: Path) -> None:
    """Where the project's tests fail after the repair nothing is written, and what they said is told."""
    (project / "check.py").write_text("import app\n")
    os.environ.update(API_KEY="k")  # and no SECRET_KEY: the repaired program refuses to start
    try:
        result = run(".", "--verify", "--tests", f"{sys.executable} check.py", "--write", "--control", "BT206")
    finally:
        del os.environ["API_KEY"]
    assert result.exit_code == 1
    assert "the project's tests fail (status 1)" in result.stdout and "KeyError" in result.stdout
    assert (project / "app.py").read_text() == APP


def test_tests_only_in_a_copy(project: Path) -> None:
    """--tests without --verify, an unknown control and a URL alone are usage errors in one line."""
    for words in ((".", "--tests", "true"), (".", "--control", "BT000"), ("https://127.0.0.1:1",)):
        result = run(*words)
        assert result.exit_code == 2 and result.stderr.count("\n") == 1


def test_changed_since_it_was_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody changed while it was scanned is refused, and no other file is written."""

    def changed_meanwhile(given: list[Job]) -> list[Any]:
        (project / "app.py").write_text(APP + "# mine\n")
        return list(map(rewritten, given))

    monkeypatch.setattr("stopper.fix.jobs.run", changed_meanwhile)
    result = run(".", "openapi.yaml", "--write")
    assert result.exit_code == 2 and "app.py: changed since it was scanned" in result.stderr
    assert (project / "app.py").read_text() == APP + "# mine\n" and (project / "openapi.yaml").read_text() == SPEC


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A file that is a link, or lies behind one, is not written, wherever it leads."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_bytes(b"x")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.py").write_bytes(b"x")
    (folder / "near.py").symlink_to("a.py")
    (folder / "away").symlink_to(outside)
    for path in ("near.py", "away/a.py", "../outside/a.py"):
        with pytest.raises(FileError):
            put([Replacement(folder, path, b"x", b"y")])
    assert (outside / "a.py").read_bytes() == b"x" == (folder / "a.py").read_bytes()


def test_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second file cannot be put in its place, the first one is as it was."""
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_bytes(b"x")
    move = Path.replace

    def full(self: Path, target: Path) -> Path:
        if target.name == "b.py":
            raise OSError(28, "No space left on device")
        return move(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(FileError, match=r"b\.py: no space left"):
        put([Replacement(tmp_path, name, b"x", b"y") for name in ("a.py", "b.py")])
    assert sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir()) == [("a.py", b"x"), ("b.py", b"x")]


def others() -> dict[str, bytes]:
    """Return 500 files of installed packages, spread the same way everywhere."""
    found = [
        path
        for path in Path(sysconfig.get_paths()["purelib"]).glob("[a-z]*/**/*.py")
        if not path.parent.name.startswith("test") and 200 < path.stat().st_size < 8_000
    ]
    found.sort(key=lambda path: hashlib.sha256(str(path.parts[-2:]).encode()).digest())
    return {f"code_{number}.py": path.read_bytes() for number, path in enumerate(found[:500])}


def test_files_of_other_people_survive(tmp_path: Path) -> None:
    """Of 500 files of installed packages each one in which nothing is repaired is the same after --write."""
    files = others()
    assert len(files) == 500
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    result = run(str(tmp_path), "--write", "--format", "json", "--include-tests")
    document = json.loads(result.stdout)
    repaired = {each["place"].partition(":")[0] for each in document["repairs"] if each["kind"] != "by hand"}
    changed = {name for name, data in files.items() if (tmp_path / name).read_bytes() != data}
    assert changed == {each["path"] for each in document["files"]} and changed <= repaired
    assert len(files) - len(changed) > 450


def test_rewriter_keeps_every_character(tmp_path: Path) -> None:
    """What is given to libcst for a change that is there already comes back the same, to the last blank."""
    kept = 0
    for data in list(others().values())[:40]:
        text = data.decode()
        line = next((line for line in text.split("\n") if line.startswith("import ") and "," not in line), "")
        if line and "#" not in line and "." not in line:
            assert rewritten(Job(text, ((Import("a.py", line),),))).text == text
            kept += 1
    assert kept > 3
