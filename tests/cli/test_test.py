"""`stopper test` on the examples: what it writes fails on the leaky shop and passes on the guarded one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from stopper.cli import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PASSWORD = "canary-correct-horse-battery-staple"
ARGUMENTS = ["test", "openapi.yaml", "shop", "shop:create_app"]

SMALL = """
from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/orders")
def orders():
    return jsonify(orders=[1, 2, 3])


@app.get("/secret")
def secret():
    return jsonify(number=3)
"""
PROMISE = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "security": [{"bearer": []}],
    "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    "paths": {"/orders": {"get": {"responses": {"200": {"description": "orders"}}}}},
}


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the leaky shop with the tests that were written for it, and what was said, in `said.txt`."""
    folder = tmp_path_factory.mktemp("leaky") / "project"
    shutil.copytree(EXAMPLES / "leaky", folder, ignore=shutil.ignore_patterns("tests"))  # it has its own
    (folder / "said.txt").write_text(run(folder, *ARGUMENTS))
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a shop in a folder."""
    cache = str(folder.parent / "cache")
    return {**os.environ, "SHOP_DATABASE": str(folder / "shop.db"), "SHOP_PASSWORD": PASSWORD, "XDG_CACHE_HOME": cache}


def run(folder: Path, *arguments: str, status: int = 0) -> str:
    """Run a command of Stopper in a folder and return what it says; it must end with this status."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        ended = CliRunner(env=environment(folder)).invoke(main, list(arguments))
    finally:
        os.chdir(before)
    assert ended.exit_code == status, ended.output
    return ended.output


def outcomes(folder: Path) -> dict[str, str]:
    """Run the tests of a project as its owner would; return what became of each."""
    result = folder / "result.xml"
    plain = ["-p", "no:stopper", "-p", "no:cacheprovider", f"--junitxml={result}"]
    command = [sys.executable, "-m", "pytest", "-q", *plain, "tests"]
    subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, timeout=100)
    cases = ElementTree.parse(result).iter("testcase")
    return {case.get("name", ""): (case[0].tag if len(case) else "passed") for case in cases}


def test_each_fails_before_the_repair_and_passes_after(leaky: Path, tmp_path: Path) -> None:
    """Every planted fault has a test that fails on the leaky shop and passes on the same shop with the guard."""
    guarded = tmp_path / "guarded"
    shutil.copytree(EXAMPLES / "guarded", guarded)
    shutil.copytree(leaky / "tests", guarded / "tests")
    before, after = outcomes(leaky), outcomes(guarded)
    assert len({name.split("_")[1] for name in before}) == 21
    assert before == dict.fromkeys(before, "failure")
    assert after == dict.fromkeys(before, "passed")


def test_no_secret_is_written(leaky: Path) -> None:
    """Neither the password, nor a key of the source, nor a token stands in a test or in what was said."""
    keys = re.findall(r'"([0-9a-f]{32,})"', "".join(path.read_text() for path in (leaky / "shop").rglob("*.py")))
    texts = "".join(path.read_text() for path in (leaky / "tests").rglob("*.py")) + (leaky / "said.txt").read_text()
    assert len(keys) >= 2
    assert not [secret for secret in (PASSWORD, *keys) if secret in texts]
    assert not re.search(r"eyJ[\w-]{10,}", texts)
    assert "stopper." not in re.sub(r"`stopper explain", "", texts)  # nothing of Stopper is imported


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A shop of one module that protects nothing, with the specification that says otherwise."""
    (tmp_path / "shop.py").write_text(SMALL)
    (tmp_path / "openapi.json").write_text(json.dumps(PROMISE))
    return tmp_path


def test_what_exists_is_left(small: Path) -> None:
    """A second run changes nothing, a file that was changed by hand included; one that is missing is written again."""
    arguments = ["test", "openapi.json", "shop:app"]
    assert "no test     BT" in run(small, *arguments)
    conftest, *_, written = sorted((small / "tests" / "stopper_regression").glob("*.py"))
    written.write_text("changed by hand\n")
    conftest.unlink()
    said = run(small, *arguments)
    assert written.read_text() == "changed by hand\n"
    assert conftest.is_file()
    assert f"as it was   tests/stopper_regression/{written.name} (differs" in said
    assert said.count("written  ") == 1


def test_one_file_and_tests_that_ask_stopper(small: Path) -> None:
    """One file holds all tests where a file is named; --with-stopper writes a test of every finding."""
    said = run(small, "test", "openapi.json", "shop:app", "--output", "tests/test_tokens.py", "--with-stopper")
    text = (small / "tests" / "test_tokens.py").read_text()
    compile(text, "test_tokens.py", "exec")
    assert 'assert not stopper.broken("BT601", "GET /orders")' in text
    assert "from shop import app as application" in text
    assert "no test" not in said


def test_an_application_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an application there is nothing that a test could call."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.py").write_text("import flask\n")
    ended = CliRunner().invoke(main, ["test", "."])
    assert ended.exit_code == 2
    assert "a regression test calls the application" in ended.output


def test_what_the_baseline_knows_is_written_when_asked(small: Path) -> None:
    """Findings of the baseline get no test, which is said, unless they are asked for."""
    run(small, "scan", "openapi.json", "shop:app", "--write-baseline", "known.json", "--fail-on", "critical", status=1)
    arguments = ["test", "openapi.json", "shop:app", "--baseline", "known.json"]
    said = run(small, *arguments)
    assert "findings of the baseline: --with-known" in said
    assert "No test was written." in said
    assert "test_bt601_get_orders_demands_a_token.py" in run(small, *arguments, "--with-known")
