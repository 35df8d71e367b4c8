"""`stopper init`: sets Stopper up in a Flask project, and says what it decided and why."""

from __future__ import annotations

import ast
import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from stopper.adoption import Found, Login, appended, login, look, pipeline, settings
from stopper.adoption.files import PASSWORD, USER
from stopper.cli.scan import command as scan
from stopper.cli.scan import ending_in_words, scanned
from stopper.cli.settings import SettingsError, load
from stopper.io import files
from stopper.io.child import ChildError
from stopper.model import Report
from stopper.observe.source import read_project, reads
from stopper.report import baseline
from stopper.report.outgoing import visible

LARGEST = 16 << 20
BASELINE = "stopper-baseline.json"
_OTHERS = (".yaml", ".yml", ".json", ".lock", ".txt", ".toml", ".flaskenv", ".env")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What was decided for a folder: the targets as they are written, and the login."""

    folder: Path
    found: Found
    targets: tuple[str, ...]
    login: Login | None
    yes: bool

    def write(self, path: Path, text: str, why: str) -> bool:
        """Write a new file where the user agrees; tell whether it is there now as wanted. Raises FileError."""
        shown = visible(path.relative_to(self.folder).as_posix())
        if not self.yes and not click.confirm(f"\nWrite {shown}: {why}?", default=True):
            _say("left out", shown, "as you wish")
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text)
        _say("written", shown, why)
        return True


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path())
@click.option("--yes", is_flag=True, help="Ask nothing: write what is not there yet.")
def command(folder: Path, yes: bool) -> None:
    """Look at the Flask project in FOLDER, and write Stopper's settings, a baseline and the CI file.

    Each file is explained and asked for first. Nothing that exists is overwritten; a pyproject.toml gets a table at its
    end. The application is run once, to learn today's findings.
    """
    with ending_in_words():
        plan = _decided(folder, yes)
        if plan is None:
            return
        known = _settled(plan)
        kept = _baseline(plan) if not known else ""
        if not known:
            _settings(plan, kept)
        _pipeline(plan)
        click.echo(f"\n{_next(plan)}`stopper test --with-known` writes a test for each finding.")


def _next(plan: _Plan) -> str:
    missing = [name for name in (USER, PASSWORD) if plan.login and not os.environ.get(name)]
    first = f"Set {' and '.join(missing)} to an identity that can log in. " if missing else ""
    return f"{first}Now `stopper scan` asks all of this; "


def _say(what: str, which: str, why: str) -> None:
    click.echo(f"{what:<13} {which}{f': {why}' if why else ''}")


# --------------------------------------------------------------------------- what there is


def _decided(folder: Path, yes: bool) -> _Plan | None:
    """Return what was decided, each part said with its reason; None where there is nothing to go by."""
    read = _read(folder)
    git = folder / ".git" / "config"
    found = look(read, files.read(git, LARGEST) if git.is_file() else b"")
    for each in found.needing:
        _say("not usable", visible(each), "a factory is called without arguments; name a wrapper of it")
    if not found.applications:
        for path in sorted(path for path, data in read.items() if path.endswith(".py") and not _parses(data)):
            _say("not read", visible(path), "it is no Python of this version")
        _say("application", "none found", 'name it yourself: targets = [..., "module:app"] in stopper.toml')
        click.echo("Nothing was written: there is no Flask application to set Stopper up for.")
        return None
    chosen, *others = found.applications
    _say("application", visible(chosen.target), visible(chosen.why))
    if others:
        _say("", f"and {len(others)} more", visible(", ".join(each.target for each in others[:5])))
    _say("source", visible(chosen.source), "the folder that the application stands in")
    specification = found.specifications[:1]
    _say("specification", *(map(visible, (specification[0], _more(found))) if specification else ("none found", "")))
    python = {path: data for path, data in read.items() if path.endswith(".py")}
    guess = login(read_project(python.items(), folder.resolve().name).routes, python)
    _tell_login(guess)
    _say("installed by", found.manager or "not known", found.install)
    _say("built by", found.host or "not known", "" if found.host else "no CI file is written")
    return _Plan(folder, found, (*specification, chosen.source, chosen.target), guess, yes)


def _parses(source: bytes) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def _more(found: Found) -> str:
    others = found.specifications[1:]
    return f"not {', '.join(others[:3])}" if others else "an OpenAPI or Swagger document"


def _tell_login(guess: Login | None) -> None:
    if guess is None:
        _say("login", "none found", "write [login] yourself, or give --token env:NAME: without one, no grade")
        return
    how = "HTTP Basic" if guess.basic else f"{guess.user} and {guess.password} as {'a form' if guess.form else 'JSON'}"
    _say("login", visible(str(guess.endpoint)), f"at {guess.place}, takes {how}, answers with {guess.token}")
    for note in guess.notes:
        _say("", "a guess", note)


def _read(folder: Path) -> Mapping[str, bytes]:
    """Return the files that decide, by path; those of virtual environments and the like are never read."""
    walked = files.walk(folder, lambda path: reads(path) or path.endswith(_OTHERS))
    return {each.path: each.data for each in walked if isinstance(each, files.SourceFile)}


# --------------------------------------------------------------------------- what is written


def _settled(plan: _Plan) -> bool:
    """Tell whether the project has settings of Stopper already, and say so. Raises SettingsError."""
    there = load(None, (plan.folder,)).source
    if there:
        _say("as it was", there, "it holds settings of Stopper already")
    return bool(there)


def _settings(plan: _Plan, kept: str) -> None:
    pyproject = plan.folder / "pyproject.toml"
    if pyproject.is_file():
        table = settings(plan.targets, plan.login, kept, "tool.stopper")
        text = appended(files.read(pyproject, LARGEST).decode("utf-8", "replace"), table)
        if text is not None:
            plan.write(pyproject, text, "[tool.stopper] at its end says what is scanned and how to log in")
            return
        _say("as it was", "pyproject.toml", "a table at its end would not be read as one; stopper.toml takes its place")
    path = plan.folder / "stopper.toml"
    plan.write(path, settings(plan.targets, plan.login, kept), "says what is scanned and how to log in")


def _baseline(plan: _Plan) -> str:
    """Write today's findings where there are any; return the file's name, empty where it is not written."""
    path = plan.folder / BASELINE
    if path.exists():
        _say("as it was", BASELINE, "it is there already")
        return BASELINE
    report = _scanned(plan)
    if isinstance(report, str):
        _say("no baseline", report, "")
        later = f'`stopper scan --write-baseline {BASELINE}`, and `baseline = "{BASELINE}"` in the settings'
        _say("", "later", f"{later} once a scan is whole")
        return ""
    if not report.findings:
        _say("no baseline", "needed", "today's scan finds nothing")
        return ""
    number = f"{len(report.findings)} findings of today, which fail no scan for {baseline.DAYS} days"
    written = plan.write(path, baseline.render(report, (), datetime.date.today()), number)
    return BASELINE if written else ""


def _scanned(plan: _Plan) -> Report | str:
    """Return a whole scan of what was decided, or why there is none."""
    words = [str(plan.folder / word) if (plan.folder / word).exists() else word for word in plan.targets]
    with TemporaryDirectory(prefix="stopper-") as folder:
        config = Path(folder) / "stopper.toml"
        config.write_text(settings(plan.targets, plan.login, ""), encoding="utf-8")
        asked = scan.make_context("scan", [*words, "--config", str(config)]).params
        targets = asked.pop("targets")
        for name in ("form", "outputs", "fail_on", "new_baseline"):
            asked.pop(name)
        try:
            report = scanned(targets, asked)
        except (SettingsError, ChildError) as error:
            return str(error)
    why = report.partial or report.incomplete or ("checks crashed" if report.failures else "")
    return f"the scan is not whole: {why}" if why else report


def _pipeline(plan: _Plan) -> None:
    made = pipeline(plan.found, plan.login)
    if made is None:
        return
    path = plan.folder / made.path
    if path.exists():
        _say("as it was", made.path, "it is there already")
    elif plan.write(path, made.text, "scans each change") and made.todo:
        _say("to do", made.path, made.todo)
