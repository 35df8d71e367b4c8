"""`pytest --stopper`, as a project's own test run uses it: in process, on a small shop."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stopper.testing import scanning  # loaded here, so that the inner runs need not load it again

pytest_plugins = ["pytester"]

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
"""

SPEC = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
servers: [{url: https://shop.test}]
security: [{bearer: []}]
components: {securitySchemes: {bearer: {type: http, scheme: bearer}}}
paths:
  /orders: {get: {responses: {"200": {description: orders}, "401": {description: no}}}}
  /me: {get: {responses: {"200": {description: name}, "401": {description: no}}}}
"""

CONFTEST = """
import pytest
from shop import app as application

@pytest.fixture
def app():
    return application

@pytest.fixture
def stopper_token():
    return "the-token-of-these-tests-alone"
"""

ORDERS = "BT601[GET /orders]"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A shop with an open operation that its specification protects, and one test of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "cache"))
    pytester.makefile(".yaml", openapi=SPEC)
    pytester.makefile(".toml", stopper='targets = ["openapi.yaml"]')
    pytester.makepyfile(shop=APP, test_own="def test_own(app): assert app.test_client().get('/orders').json['orders']")
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\npythonpath = .\nasyncio_default_fixture_loop_scope = function\n")
    return pytester


def test_each_finding_is_a_test(project: pytest.Pytester) -> None:
    """A finding fails under its own name with its text; the scan itself passes and says what it did not look at."""
    outcome = project.runpytest_inprocess("--stopper", "-v")
    outcome.stdout.fnmatch_lines(
        [
            "*test_own.py::test_own PASSED*",
            "*stopper::scan*PASSED*",
            f"*stopper::{ORDERS}*FAILED*".replace("[", "[[]"),
            "*the specification protects GET /orders, and it answers a caller who sends no credential*",
            "*stopper: what was looked at*",
            "witnesses: spec, source, app",
            "*not looked at:*",
        ]
    )
    assert outcome.ret == 1
    assert "the-token-of-these-tests-alone" not in outcome.stdout.str()


def test_nothing_is_scanned_unasked(project: pytest.Pytester) -> None:
    """Without the option the plugin adds no test."""
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(passed=1)
    assert "BT601" not in outcome.stdout.str()


def test_findings_are_chosen_like_tests(project: pytest.Pytester) -> None:
    """`-k` and `--collect-only` see them by name, and count them."""
    outcome = project.runpytest_inprocess("--stopper", "--collect-only", "-q", "-k", "BT601")
    assert f"stopper::{ORDERS}" in outcome.stdout.lines
    assert "test_own.py::test_own" not in outcome.stdout.lines
    assert outcome.stdout.lines[-1].startswith("1/")


def test_a_baseline_takes_findings_out(project: pytest.Pytester) -> None:
    """What the baseline knows is no test, and the scan says how many there are."""
    report = _report(project)
    entries = [
        {"fingerprint": each.fingerprint, "control": each.control, "where": "", "reason": "known"}
        for each in report.findings
    ]
    (project.path / "known.json").write_text(json.dumps({"stopper_baseline": 1, "entries": entries}))
    outcome = project.runpytest_inprocess("--stopper", "-o", "stopper_baseline=known.json")
    outcome.assert_outcomes(passed=2)
    outcome.stdout.fnmatch_lines([f"suppressed: {len(entries)} by a baseline or a comment"])


def _report(project: pytest.Pytester) -> scanning.Report:
    """Return the scan that the plugin makes of the project."""
    namespace: dict[str, object] = {"__name__": "shop"}
    project.syspathinsert()
    exec(APP, namespace)
    asked = scanning.Asked(project.path, source=".")
    return scanning.scanned(namespace["app"], asked, "the-token-of-these-tests-alone").report


def test_a_named_application_needs_no_fixture(project: pytest.Pytester) -> None:
    """The application of the settings is scanned where no test has one; what cannot be imported is told in a line."""
    (project.path / "conftest.py").unlink()
    (project.path / "test_own.py").unlink()
    outcome = project.runpytest_inprocess("--stopper", "-o", "stopper_app=shop:app", "-v")
    assert f"stopper::{ORDERS} " in outcome.stdout.str()
    outcome = project.runpytest_inprocess("--stopper", "-o", "stopper_app=nowhere:app")
    outcome.stdout.fnmatch_lines(["stopper: nowhere:app: there is no module 'nowhere'*"])
    outcome.stdout.no_fnmatch_line("*another exception occurred*")
    outcome.assert_outcomes(failed=1)


def test_the_application_of_stopper_s_settings_is_enough(project: pytest.Pytester) -> None:
    """What `stopper init` has written is scanned, where neither pytest's settings nor a fixture say anything."""
    (project.path / "conftest.py").unlink()
    (project.path / "test_own.py").unlink()
    (project.path / "stopper.toml").write_text('targets = ["openapi.yaml", "shop:app"]\n')
    outcome = project.runpytest_inprocess("--stopper", "-v")
    assert f"stopper::{ORDERS} " in outcome.stdout.str()


def test_without_an_application_the_scan_fails(project: pytest.Pytester) -> None:
    """A run that had nothing to scan does not pass."""
    (project.path / "conftest.py").unlink()
    (project.path / "test_own.py").unlink()
    outcome = project.runpytest_inprocess("--stopper")
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["there is no fixture `app`, and neither `stopper_app` * nor `targets` * name one"])


def test_the_fixture_gives_the_scan(project: pytest.Pytester) -> None:
    """A test of one's own asks the scan for a control at an operation, or for all that fails."""
    project.makepyfile(
        test_own="""
        import pytest

        def test_broken(stopper):
            assert stopper.broken("BT601", "GET /orders") and not stopper.broken("BT601", "GET /me")
            with pytest.raises(AssertionError, match="BT601"):
                stopper.check()
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_worker_finds_and_tells_the_same(project: pytest.Pytester) -> None:
    """In a process of xdist the tests are the same, and the end says what was looked at."""
    outcome = project.runpytest_inprocess("--stopper", "-n", "1", "-k", "scan or BT601")
    outcome.assert_outcomes(passed=1, failed=1)
    outcome.stdout.fnmatch_lines(["*stopper: what was looked at*"])


def test_it_costs_nothing_unasked() -> None:
    """Loading the plugin loads nothing else of Stopper, nor what Stopper stands on."""
    heavy = "[name for name in sys.modules if name.startswith(('stopper.', 'flask', 'aiohttp', 'rich', 'click'))]"
    code = f"import sys, stopper.testing.plugin; print({heavy})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout
    assert told.strip() == "['stopper.testing', 'stopper.testing.plugin']"


def test_places_are_those_of_the_command_line(tmp_path: Path) -> None:
    """Settings of pytest go before Stopper's own, each relative to the folder of the run."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "openapi.yaml").write_text(SPEC)
    (tmp_path / "stopper.toml").write_text('targets = ["shop", "openapi.yaml", "shop:app", "https://shop.test"]')
    settled = scanning.Asked(tmp_path).targets
    assert (settled.folder, settled.specs) == (tmp_path / "shop", (tmp_path / "openapi.yaml",))
    assert not settled.urls
    assert scanning.Asked(tmp_path, source="other").targets.folder == tmp_path / "other"


def test_modules_of_stopper_are_loaded_as_they_are() -> None:
    """Pytest does not compile Stopper's modules anew, although a plugin stands among them: this run shows it."""
    assert type(scanning.__loader__).__module__ == "_frozen_importlib_external"
