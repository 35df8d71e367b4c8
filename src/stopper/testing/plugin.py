"""The pytest plugin: `pytest --stopper` makes a test of each finding, and the fixture `stopper` gives the scan.

It is loaded with every pytest of an environment that has Stopper, so that it imports nothing else of Stopper before it
is asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stopper.model import Finding
    from stopper.testing.scanning import Scanned

_SETTINGS = {
    "stopper_app": "The application that is scanned, as module:app or module:factory; default: the fixture `app`, "
    "else that of the targets in Stopper's settings.",
    "stopper_spec": "The OpenAPI or Swagger file; default: that of the targets in Stopper's settings.",
    "stopper_source": "The folder of Python; default: that of the targets in Stopper's settings, else the app's own.",
    "stopper_baseline": "The file of known findings; default: that of Stopper's settings.",
}
_GROUP = "stopper"
_WHOLE = "scan"


class _FoundError(Exception):
    """Fails a test with a text of its own and no traceback: where it was raised tells nobody anything."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--stopper` and the settings of the scan."""
    group = parser.getgroup(_GROUP, "bearer tokens")
    group.addoption("--stopper", action="store_true", help="Scan the application in process: each finding is a test.")
    for name, meaning in _SETTINGS.items():
        parser.addini(name, meaning, default="")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Keep pytest from rewriting the assertions of all of Stopper, as it does for a plugin's distribution.

    There are none to explain, and three hundred modules would be compiled anew in each fresh environment.
    """
    hook = getattr(early_config.pluginmanager, "rewrite_hook", None)
    getattr(hook, "_must_rewrite", set()).discard("stopper")


# --------------------------------------------------------------------------- the fixtures


@pytest.fixture
def stopper_app(request: pytest.FixtureRequest) -> Any:
    """The application that is scanned: that of pytest's settings, the fixture `app`, or that of Stopper's settings."""
    scanning, asked = _scanning(), _settings(request.config)
    named = asked.app
    if not named:
        with contextlib.suppress(pytest.FixtureLookupError):
            return request.getfixturevalue("app")
    with _in_words():
        if named := named or asked.settled.application:
            return scanning.named_application(named, asked)
    pytest.fail(
        "there is no fixture `app`, and neither `stopper_app` of pytest's settings nor `targets` of Stopper's name one",
        pytrace=False,
    )


@pytest.fixture
def stopper_token() -> str | None:
    """A token that the application takes, to be overridden; None logs in as Stopper's settings say."""
    return None


@pytest.fixture
def stopper(stopper_app: Any, stopper_token: str | None, pytestconfig: pytest.Config) -> Scanned:
    """The scan of the application, its source and its specification; made once for each application."""
    with _in_words():
        made: Scanned = _scanning().scanned(stopper_app, _settings(pytestconfig), stopper_token)
        return made


def _scanning() -> Any:
    """Return the module that scans: it is loaded here, and what it stands on need not be installed."""
    try:
        from stopper.testing import scanning
    except ModuleNotFoundError as error:
        missing = error.name
    else:
        return scanning
    pytest.fail(f"stopper: the scan needs {missing}: install stopper[scan]", pytrace=False)


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Fail the test with one line where what the project says of itself cannot be used."""
    try:
        yield
    except _scanning().BAD_INPUT as error:
        raise pytest.fail.Exception(f"stopper: {error}", pytrace=False) from None


def _settings(config: pytest.Config) -> Any:
    from stopper.testing.scanning import Asked

    texts = {name: str(config.getini(f"stopper_{name}")) for name in ("app", "spec", "source", "baseline")}
    return Asked(config.rootpath, **texts)


# --------------------------------------------------------------------------- each finding a test


class _Findings(pytest.Collector):
    """Holds the tests of a scan."""

    def collect(self) -> Iterator[pytest.Item]:
        """Give nothing: what is found is known once the other tests are."""
        return iter(())


class _FindingItem(pytest.Item):
    """One finding: a test that fails with the finding's text."""

    def __init__(self, *, finding: Finding, text: str, **options: Any) -> None:
        super().__init__(**options)
        self.finding = finding
        self.text = text

    def runtest(self) -> None:
        """Fail; advice, and what the witnesses deny, is an expected failure, as it fails no scan either."""
        from stopper.testing.scanning import fails

        if not fails(self.finding):
            pytest.xfail(self.finding.message)
        raise _FoundError(self.text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the finding's text."""
        return str(excinfo.value) if isinstance(excinfo.value, _FoundError) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the finding is mended."""
        place = self.finding.place
        if place is None or not place.line:
            return self.path, None, self.name
        return self.path / place.uri, place.line - 1, self.name


class _WholeItem(pytest.Item):
    """Fails where the scan is not whole, and says what was not looked at."""

    def __init__(self, *, why: str, text: str, **options: Any) -> None:
        super().__init__(**options)
        self.why = why
        self.text = text

    def runtest(self) -> None:
        """Keep what was looked at for the end of the run, and fail where that is not all."""
        self.add_report_section("call", _GROUP, self.text)
        if self.why:
            raise _FoundError(self.why)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return why the scan is not whole."""
        return str(excinfo.value) if isinstance(excinfo.value, _FoundError) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the folder of the run: it stands nowhere else."""
        return self.path, None, self.name


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Scan where that is asked for and add a test for each finding, before `-k` and `-m` choose among the tests."""
    if config.getoption("--stopper"):
        group = _Findings.from_parent(session, name=_GROUP, nodeid=_GROUP)
        found = list(_collected(session, group, items))
        config.hook.pytest_collectreport(report=pytest.CollectReport(_GROUP, "passed", None, [*found]))
        items.extend(found)


def _collected(session: pytest.Session, group: _Findings, items: list[pytest.Item]) -> Iterator[pytest.Item]:
    scanned, why = _scan(session, group, items)
    if scanned is None:
        yield _WholeItem.from_parent(group, name=_WHOLE, why=why, text="nothing was scanned")
        return
    yield _WholeItem.from_parent(group, name=_WHOLE, why=scanned.unfinished, text=scanned.looked_at)
    group.path = scanned.root
    for name, finding in scanned.named():
        yield _FindingItem.from_parent(group, name=name, finding=finding, text=scanned.text(finding))


def _scan(session: pytest.Session, group: _Findings, items: list[pytest.Item]) -> tuple[Scanned | None, str]:
    """Return the scan that the fixture `stopper` gives, or why it gives none.

    The fixture is asked for by a test that stands beside the first one that uses `app`, where that can be seen. It runs
    while tests are collected, since each finding is to be one: pytest has no public way to make a fixture then.
    """
    from _pytest.runner import runtestprotocol

    found: list[Scanned] = []

    def scan(stopper: Scanned) -> None:
        found.append(stopper)

    using = next((item for item in items if "app" in getattr(item, "fixturenames", ())), None)
    module = using.getparent(pytest.Module) if using else None
    item = pytest.Function.from_parent(module or group, name=_GROUP, callobj=scan)
    reports = runtestprotocol(item, log=False, nextitem=None)
    return (found[0], "") if found else (None, _reason(reports))


def _reason(reports: list[pytest.TestReport]) -> str:
    """Return why nothing was scanned, as the first test that did not pass says."""
    failed = [report for report in reports if not report.passed]
    said = failed[0].longrepr if failed else "the scan gave nothing"
    return said[2] if isinstance(said, tuple) else str(said)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say at the end what was looked at and what was not, whichever process ran the test."""
    ended = (report for state in ("passed", "failed") for report in terminalreporter.stats.get(state, ()))
    for report in ended:
        if getattr(report, "nodeid", "") == f"{_GROUP}::{_WHOLE}" and getattr(report, "when", "") == "call":
            for title, text in report.sections:
                if _GROUP in title:
                    terminalreporter.section("stopper: what was looked at")
                    terminalreporter.line(text)
