"""`stopper init` in a project: what it writes, what it leaves, what it says."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from stopper.cli import main

APP = """
from flask import Flask, jsonify, request

app = Flask(__name__)


@app.get("/orders")
def orders():
    return jsonify(orders=[1, 2, 3])


@app.get("/me")
def me():
    if request.headers.get("Authorization") != "Bearer the-token-of-these-tests-alone":
        return jsonify(error="no"), 401, {"WWW-Authenticate": "Bearer"}
    return jsonify(name="ada"), 200, {"Cache-Control": "no-store"}


@app.post("/login")
def login():
    if request.get_json()["email"] == "ada" and request.get_json()["password"] == "correct-horse-battery-staple":
        return jsonify(access_token="the-token-of-these-tests-alone")
    return jsonify(error="no"), 401
"""
SPEC = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
security: [{bearer: []}]
components: {securitySchemes: {bearer: {type: http, scheme: bearer}}}
paths:
  /orders: {get: {responses: {"200": {description: orders}}}}
  /me: {get: {responses: {"200": {description: name}}}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small shop that nothing of Stopper was set up in, and the identity in the environment."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text(APP)
    (tmp_path / "openapi.yaml").write_text(SPEC)
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / ".github" / "workflows" / "tests.yml").write_text("on: push\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("STOPPER_USERNAME", "ada")
    monkeypatch.setenv("STOPPER_PASSWORD", "correct-horse-battery-staple")
    return tmp_path


def init(*arguments: str, answers: str = "") -> Result:
    """Run the command in the current folder."""
    return CliRunner().invoke(main, ["init", *arguments], input=answers)


def test_it_writes_all_and_a_scan_uses_it(project: Path) -> None:
    """Settings, baseline and CI file are written; then a scan without targets knows what to ask, and is clean."""
    ended = init("--yes")
    assert ended.exit_code == 0, ended.output
    read = tomllib.loads((project / "stopper.toml").read_text())
    assert read["targets"] == ["openapi.yaml", "shop", "shop:app"]
    assert read["login"]["json"] == {"email": "${STOPPER_USERNAME}", "password": "${STOPPER_PASSWORD}"}
    controls = {entry["control"] for entry in json.loads((project / "stopper-baseline.json").read_text())["entries"]}
    assert "BT601" in controls
    assert yaml.safe_load((project / ".github" / "workflows" / "stopper.yml").read_text())["jobs"]["stopper"]
    assert "correct-horse" not in ended.output + (project / "stopper.toml").read_text()
    scan = CliRunner().invoke(main, ["scan", "--format", "json"])
    assert scan.exit_code == 0, scan.output
    report = json.loads(scan.stdout)
    assert not report["findings"]
    assert report["coverage"]["identity"]


def test_a_second_run_changes_nothing(project: Path) -> None:
    """What is there stays as it is, and that is said."""
    init("--yes")
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    said = init("--yes").output
    assert {path: path.read_bytes() for path in before} == before
    assert "stopper.toml: it holds settings of Stopper already" in said
    assert ".github/workflows/stopper.yml: it is there already" in said


def test_pyproject_gets_a_table(project: Path) -> None:
    """Its text is kept to the letter; without the identity there is no baseline, and the variable is named."""
    before = '[project]  # mine\nname = "shop"\n'
    (project / "pyproject.toml").write_text(before)
    ended = CliRunner(env={"STOPPER_PASSWORD": None}).invoke(main, ["init", "--yes"])
    text = (project / "pyproject.toml").read_text()
    assert text.startswith(before)
    assert "baseline" not in tomllib.loads(text)["tool"]["stopper"]
    assert not (project / "stopper.toml").exists()
    assert not (project / "stopper-baseline.json").exists()
    assert "STOPPER_PASSWORD is not set" in ended.output
    assert 'baseline = "stopper-baseline.json"' in ended.output
    assert "Set STOPPER_PASSWORD to an identity" in ended.output


def test_it_asks_before_each_file(project: Path) -> None:
    """A file that is declined is not written; the others are."""
    ended = init(answers="n\ny\nn\n")
    assert ended.exit_code == 0, ended.output
    assert not (project / "stopper-baseline.json").exists()
    assert not (project / ".github" / "workflows" / "stopper.yml").exists()
    assert "baseline" not in tomllib.loads((project / "stopper.toml").read_text())


def test_without_an_application_nothing_is_written(project: Path) -> None:
    """A folder without Flask is told so, with the files that could not be read."""
    (project / "shop" / "__init__.py").write_text("")
    said = init("--yes").output
    assert "Nothing was written" in said
    assert "not read" not in said
    (project / "shop" / "__init__.py").write_text("def (")
    assert "shop/__init__.py: it is no Python" in init("--yes").output
    assert not (project / "stopper.toml").exists()


def test_a_scan_without_settings_says_what_is_missing(project: Path) -> None:
    """Neither targets nor settings: one line that names `stopper init`."""
    ended = CliRunner().invoke(main, ["scan"])
    assert ended.exit_code == 2
    assert "stopper init" in ended.output
