"""`stopper test`: a regression test for each finding, written into the project."""

from __future__ import annotations

import ast
import asyncio
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from stopper.cli.inputs import Options, home, opened
from stopper.cli.scan import CLEAN, INCOMPLETE, asking, ending_in_words, prepared
from stopper.cli.targets import TargetError, Targets
from stopper.controls import catalogue
from stopper.engine import Scan
from stopper.io.files import FileError, escape, read, write
from stopper.model import Endpoint, Finding, Report, Silencer
from stopper.observe.app.snapshot import base_url
from stopper.regression import LoginWritten, Made, Subject, folder, one_file, written
from stopper.report.outgoing import visible
from stopper.report.progress import Progress
from stopper.secret import redact

DEFAULT = Path("tests/stopper_regression")


@click.command("test")
@click.argument("targets", metavar="[TARGET...]", nargs=-1)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=DEFAULT,
    help=f"Folder for a file per finding (default: {DEFAULT}), or one file FILE.py for all.",
)
@click.option("--with-known", is_flag=True, help="Write tests for the findings of the baseline too.")
@click.option("--with-stopper", is_flag=True, help="Write tests that have Stopper's pytest plugin look again.")
@asking
def command(targets: tuple[str, ...], output: Path, with_known: bool, with_stopper: bool, **asked: Any) -> None:
    """Write a regression test for each finding of a scan: it fails before the repair and passes after it.

    TARGETs are those of `stopper scan`; the application must be among them. The tests need pytest and Flask alone,
    unless --with-stopper says otherwise. A file that exists is left as it is.
    """
    with ending_in_words():
        named, options = prepared(targets, **asked)
        if not named.application:
            raise TargetError("a regression test calls the application: name it among the targets, as module:app")
        seen = asyncio.run(_seen(named, options))
        login = _login(options, seen.base, asked["token"])
        subject = _subject(named, options, seen, login, output)
        known = [each for each in seen.report.suppressed if _in_baseline(each)]
        made = _made(seen.report, known if with_known else (), subject, output, with_stopper)
        _write(made, output)
        if known and not with_known:
            click.echo(f"no test     for {len(known)} findings of the baseline: --with-known writes them too")
        _tell(made, login, options, with_stopper)
    sys.exit(INCOMPLETE if seen.report.incomplete or seen.report.failures else CLEAN)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A scan's report, the origin that the application takes for its own, and what called its operations."""

    report: Report
    base: str
    paths: Mapping[Endpoint, str]


async def _seen(targets: Targets, options: Options) -> _Seen:
    with Progress.on(sys.stderr) as progress:
        async with opened(targets, options) as inputs:
            scan = Scan(inputs, dict(catalogue()), options.limits, progress.take)
            report = await scan.run()
            steps = (step for live in scan.lives for step in live.steps)
            # A value of the specification's examples may be a credential: such a path is none that a test could hold.
            paths = {step.endpoint: step.target for step in steps if redact(step.target) == step.target}
            base = base_url(inputs.snapshot) if inputs.snapshot else "https://localhost"
            return _Seen(report, base, paths)


# --------------------------------------------------------------------------- what the tests must know


def _login(options: Options, base: str, token: str | None) -> LoginWritten:
    """Return the lines that make a token: of the first login, else of the variable that `--token` names."""
    settings = options.settings
    if settings.tables:
        secrets = {secret.reveal() for secret in settings.logins[0].secrets}
        return written(settings.tables[0], secrets, base)
    return LoginWritten((f'return os.environ["{token.removeprefix("env:")}"]',) if token else ())


def _subject(targets: Targets, options: Options, seen: _Seen, login: LoginWritten, output: Path) -> Subject:
    start = output.parent if output.suffix == ".py" else output
    source = targets.folder or Path()
    return Subject(
        application=targets.application,
        factory=_is_factory(targets.application, source),
        fixture=_has_fixture(start),
        base=seen.base,
        login=login.lines,
        header=options.settings.header,
        scheme=options.settings.scheme,
        paths=seen.paths,
        source=_from(start, source),
        specs=tuple(_from(start, path) for path in targets.specs),
    )


def _from(start: Path, path: Path) -> str:
    """Return a path relative to a folder that need not be there yet."""
    return Path(os.path.relpath(path.absolute(), start.absolute())).as_posix()


def _is_factory(application: str, source: Path) -> bool:
    """Tell whether the named attribute is a function, as its module's source says; else as its name does."""
    module, _, name = application.partition(":")
    if name.endswith("()"):
        return True
    parts = module.split(".")
    for base in (home(application, (source, source.parent, Path())), source):
        for file in (base.joinpath(*parts).with_suffix(".py"), base.joinpath(*parts, "__init__.py")):
            if file.is_file():
                functions = {node.name for node in _tree(file).body if isinstance(node, ast.FunctionDef)}
                return name in functions or name.startswith(("create_", "make_", "build_"))
    return name.startswith(("create_", "make_", "build_"))


def _tree(file: Path) -> ast.Module:
    try:
        return ast.parse(read(file, 16 << 20))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


def _has_fixture(start: Path) -> bool:
    """Tell whether a conftest.py above the tests, up to the current folder, makes a fixture `app`."""
    above = [start.absolute(), *start.absolute().parents]
    inside = [each for each in above if each.is_relative_to(Path().absolute())]
    files = (each / "conftest.py" for each in inside if (each / "conftest.py").is_file())
    return any(_makes_app(_tree(file)) for file in files if file.parent.absolute() != start.absolute())


def _makes_app(tree: ast.Module) -> bool:
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "app")
    return any("fixture" in ast.unparse(decorator) for node in functions for decorator in node.decorator_list)


# --------------------------------------------------------------------------- writing and telling


def _in_baseline(finding: Finding) -> bool:
    return finding.suppression is not None and finding.suppression.by is Silencer.BASELINE


def _made(report: Report, known: Sequence[Finding], subject: Subject, output: Path, with_stopper: bool) -> Made:
    pairs = [(each, report.controls[each.control]) for each in (*report.findings, *known)]
    if output.suffix == ".py":
        return one_file(output.name, pairs, subject, with_stopper)
    return folder(pairs, subject, with_stopper)


def _write(made: Made, output: Path) -> None:
    """Write the files that are not there yet. Raises FileError."""
    base = output.parent if output.suffix == ".py" else output
    if made.files:
        try:
            base.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"{escape(str(base))}: {os.strerror(error.errno or 0).lower()}") from None
    for name, text in made.files.items():
        path = base / name
        if path.exists():
            same = read(path, 16 << 20) == text.encode()
            click.echo(f"as it was   {escape(str(path))}{'' if same else ' (differs from what would be written now)'}")
        else:
            write(path, text)
            click.echo(f"written     {escape(str(path))}")


def _tell(made: Made, login: LoginWritten, options: Options, with_stopper: bool) -> None:
    for finding, why in made.untested:
        at = f" at {finding.place}" if finding.place else ""
        click.echo(f"no test     {visible(f'{finding.control} {finding.name}{at}: {why}')}")
    for line in _advice(made, login, options, with_stopper):
        click.echo(line)


def _advice(made: Made, login: LoginWritten, options: Options, with_stopper: bool) -> Iterator[str]:
    """Yield what is to be known before the tests are run."""
    if not made.files:
        yield "No test was written."
        return
    if made.needs:
        yield f"The tests need {' and '.join(made.needs)} beside pytest and Flask."
    if login.invented:
        names = ", ".join(login.invented)
        yield f"A secret of the settings is never written into a test: set {names} in the environment."
    if with_stopper and not options.settings.targets:
        yield "The plugin scans what `targets` of Stopper's settings name: none are set."
    yield "Each fails until its finding is repaired: python -m pytest shows them."
