"""`stopper scan`: the main job."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TextIO, TypeVar

import click

from stopper.cli.inputs import Options, opened
from stopper.cli.settings import SettingsError, load
from stopper.cli.targets import TargetError, Targets, told_apart
from stopper.controls import catalogue
from stopper.engine import Limits, Scan
from stopper.io.cache import Cache, default_folder
from stopper.io.child import ChildError
from stopper.io.errors import CertificateFileError
from stopper.io.files import FileError, escape, read, write
from stopper.io.policy import PolicyError
from stopper.model import Accepted, Report, Severity, Status
from stopper.observe.source.standing import EVERYTHING, Scope
from stopper.report import baseline as baselines
from stopper.report import html, json, junit, markdown, sarif, terminal
from stopper.report.baseline import BaselineError
from stopper.report.progress import Progress
from stopper.score import graded
from stopper.secret import Secret

Writer = Callable[[Report], str]

WRITERS: Mapping[str, Writer] = {
    "terminal": terminal.render,
    "json": json.render,
    "sarif": sarif.render,
    "html": html.render,
    "junit": junit.render,
    "markdown": markdown.render,
}
FORMATS = tuple(WRITERS)
SUFFIXES = {
    ".txt": "terminal",
    ".json": "json",
    ".sarif": "sarif",
    ".html": "html",
    ".xml": "junit",
    ".md": "markdown",
    ".csv": "csv",
}
LARGEST_BASELINE = 16 << 20
CLEAN, FOUND, UNUSABLE, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_BAD_INPUT = (
    BaselineError,
    CertificateFileError,
    ChildError,
    FileError,
    PolicyError,
    SettingsError,
    TargetError,
)

_ASKING = (
    click.option("--token", metavar="env:NAME", help="A working token, read from an environment variable."),
    click.option(
        "--ca-file", type=click.Path(path_type=Path), help="Certificates to trust besides the system's (PEM)."
    ),
    click.option("--python", type=click.Path(path_type=Path), help="Interpreter that runs the application."),
    click.option(
        "--app-timeout", type=click.FloatRange(min=0.1), default=30.0, help="Seconds to make the application in."
    ),
    click.option(
        "--config", type=click.Path(path_type=Path), help="Settings file; default: stopper.toml or pyproject.toml."
    ),
    click.option("--include-tests", is_flag=True, help="Judge tests and other people's code too, at low severity."),
    click.option("--baseline", type=click.Path(path_type=Path), help="Known findings, which do not count (JSON)."),
    click.option("--allow-clear-token", is_flag=True, help="Let the token cross plain HTTP off loopback as well."),
    click.option("--allow-out-of-band", is_flag=True, help="Let an API on loopback be led to fetch a key from us."),
    click.option(
        "--requests", type=click.IntRange(min=1), default=Limits().requests, help="Most requests to the wire."
    ),
    click.option(
        "--rate", type=click.FloatRange(min=0.1), default=Limits().per_second, help="Requests a second off loopback."
    ),
    click.option(
        "--timeout", type=click.FloatRange(min=0.1), default=Limits().request_seconds, help="Seconds for one request."
    ),
    click.option("--words", type=click.Path(path_type=Path), help="Guesses at the key of tokens, one a line."),
    click.option("--leaked", type=click.Path(path_type=Path), help="Secrets known to have leaked, one a line."),
    click.option("--guess-seconds", type=click.FloatRange(min=0), help="Time for guessing the key of tokens."),
    click.option("--guess-state", type=click.Path(path_type=Path), help="Keeps how far guessing came, to go on there."),
    click.option("--jobs", type=click.IntRange(min=1), default=Limits().jobs, help="Processes that read source."),
    click.option(
        "--cache/--no-cache", default=True, help="Keep what the source said for the next scan of the same files."
    ),
)

_Command = TypeVar("_Command", bound=Callable[..., None])


def asking(command: _Command) -> _Command:
    """Give a command the options that decide what is asked of its targets; it takes them as `prepared` does."""
    for option in reversed(_ASKING):
        command = option(command)
    return command


@click.command("scan")
@click.argument("targets", metavar="[TARGET...]", nargs=-1)
@click.option("--format", "form", type=click.Choice(FORMATS), default="terminal", help="What standard output gets.")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report to a file too, as its suffix (.json, .sarif, .html, .xml, .md, .txt) or else --format says; "
    "may be repeated.",
)
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.HIGH.value,
    help="Exit 1 from this severity on.",
)
@click.option(
    "--write-baseline",
    "new_baseline",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what this scan finds as a baseline.",
)
@asking
def command(
    targets: tuple[str, ...],
    form: str,
    outputs: tuple[Path, ...],
    fail_on: str,
    new_baseline: Path | None,
    **asked: Any,
) -> None:
    """Ask up to four witnesses whether an API keeps its bearer tokens, and join what they say.

    A TARGET is a URL (https, and its plain http twin beside it), an OpenAPI or Swagger file or URL, a folder of
    Python, an application as module:app or module:factory, or a HAR file; any mix, told apart by looking. Code runs
    only where an application is named. Without any, the project's settings say what is scanned.
    """
    with ending_in_words():
        check_outputs((*outputs, *((new_baseline,) if new_baseline else ())))
        named, options = prepared(targets, **asked)
        report = report_of(named, options)
        report = replace(report, exit_code=exit_code(report, Severity(fail_on)))
        deliver(report, form, outputs, WRITERS, terminal.for_terminal)
        if new_baseline:
            _keep(report, options.accepted, new_baseline)
    sys.exit(report.exit_code)


def prepared(
    targets: tuple[str, ...],
    token: str | None,
    ca_file: Path | None,
    python: Path | None,
    app_timeout: float,
    config: Path | None,
    include_tests: bool,
    baseline: Path | None,
    allow_clear_token: bool,
    allow_out_of_band: bool,
    requests: int,
    rate: float,
    timeout: float,
    words: Path | None,
    leaked: Path | None,
    guess_seconds: float | None,
    guess_state: Path | None,
    jobs: int,
    cache: bool,
) -> tuple[Targets, Options]:
    """Return the targets told apart and what the options of `asking` come to. Raises the errors of bad input."""
    named = told_apart(targets or _settled(config))
    settings = load(config, (Path(), *((named.folder,) if named.folder else ())))
    options = Options(
        settings=settings,
        limits=Limits(requests=requests, per_second=rate, request_seconds=timeout, jobs=jobs),
        token=_token(token),
        ca_file=ca_file,
        python=python,
        clear_token=allow_clear_token,
        out_of_band=allow_out_of_band,
        app_seconds=app_timeout,
        scope=EVERYTHING if include_tests or settings.include_tests else Scope(),
        accepted=_accepted(baseline or settings.baseline),
        cache=Cache(default_folder() / "source") if cache else None,
        guessing=replace(
            settings.guessing,
            lists=tuple(path for path in (leaked, words) if path) or settings.guessing.lists,
            seconds=settings.guessing.seconds if guess_seconds is None else guess_seconds,
            state=guess_state or settings.guessing.state,
            processes=jobs,
        ),
    )
    return named, options


def _settled(config: Path | None) -> tuple[str, ...]:
    """Return the targets of the project's settings. Raises TargetError where they name none."""
    words = load(config, (Path(),)).targets
    if not words:
        raise TargetError("no TARGET was given, and the settings name no targets: `stopper init` writes some")
    return words


def scanned(targets: tuple[str, ...], asked: Mapping[str, Any]) -> Report:
    """Scan the targets as the options of `asking` say, and return the graded report."""
    return report_of(*prepared(targets, **asked))


def report_of(named: Targets, options: Options) -> Report:
    """Scan targets that were told apart, and return the graded report."""
    return asyncio.run(_scanned(named, options))


@contextlib.contextmanager
def ending_in_words() -> Iterator[None]:
    """End the command with one line and its status where input, an interruption or a defect of ours stops it."""
    _let_signals_interrupt()
    try:
        yield
    except _BAD_INPUT as error:
        end(str(error), UNUSABLE)
    except KeyboardInterrupt:
        end("interrupted", INTERRUPTED)
    except Exception as error:  # a defect of Stopper's own: no clean end, and no text that may hold what was scanned
        end(f"a defect in {_where(error)}: {type(error).__name__}", INCOMPLETE)


def _let_signals_interrupt() -> None:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt wherever the program is, so that what was opened is closed."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, interrupt)


def end(why: str, status: int) -> NoReturn:
    """Say in one line why there is no report, and leave."""
    with contextlib.suppress(OSError):
        click.echo(f"stopper: {why}", err=True)
    sys.exit(status)


def _where(error: Exception) -> str:
    """Return module and line at which an unexpected error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"


def check_outputs(outputs: tuple[Path, ...]) -> None:
    """Raise FileError for an output that could not be written: not at the end, when the work would be lost."""
    for path in outputs:
        folder = Path(os.path.realpath(path)).parent
        if not folder.is_dir():
            raise FileError(f"{escape(str(path))}: no such folder")
        there = path.exists()
        if not os.access(path if there and not path.is_file() else folder, os.W_OK):
            raise FileError(f"{escape(str(path))}: permission denied")


def _token(given: str | None) -> Secret | None:
    """Return the token of `--token env:NAME`; the value itself on a command line would be in every process list."""
    if given is None:
        return None
    name = re.fullmatch(r"env:([A-Za-z_]\w*)", given)
    if not name:
        raise TargetError("--token takes env:NAME, the name of an environment variable that holds the token")
    value = os.environ.get(name[1], "")
    if not value:
        raise TargetError(f"--token: the environment variable {name[1]} is not set")
    return Secret(value)


def _accepted(path: Path | None) -> tuple[Accepted, ...]:
    """Return the entries of a baseline file, none without one. Raises FileError and BaselineError."""
    if path is None:
        return ()
    try:
        return baselines.parse(read(path, LARGEST_BASELINE))
    except BaselineError as error:
        raise BaselineError(f"{escape(str(path))}: {error}") from None


def _keep(report: Report, accepted: tuple[Accepted, ...], path: Path) -> None:
    """Write the baseline of a whole scan; what an unfinished one did not see must not be forgotten."""
    why = report.partial or report.incomplete or ("checks crashed" if report.failures else "")
    if why:
        click.echo(f"stopper: {escape(str(path))}: not written, because the scan is not whole: {why}", err=True)
    else:
        write(path, baselines.render(report, accepted, datetime.date.today()))


async def _scanned(targets: Targets, options: Options) -> Report:
    """Run the scan; an interruption ends it with a whole report that is labelled partial."""
    with Progress.on(sys.stderr) as progress:
        async with opened(targets, options) as inputs:
            scan = Scan(inputs, dict(catalogue()), options.limits, progress.take)
            interrupted = await _until_interrupted(scan)
            return graded(scan.report(partial="interrupted" if interrupted else ""))


async def _until_interrupted(scan: Scan) -> bool:
    """Run to the end or to the first Ctrl-C (or SIGTERM), whose second one ends at once; tell whether there was one."""
    running = asyncio.ensure_future(scan.run())
    loop = asyncio.get_running_loop()

    def cancel(*_: object) -> None:
        _let_signals_interrupt()
        loop.call_soon_threadsafe(running.cancel)

    for number in _SIGNALS:
        signal.signal(number, cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await running
    finally:
        _let_signals_interrupt()
    return running.cancelled()


def deliver(
    report: Report,
    form: str,
    outputs: tuple[Path, ...],
    writers: Mapping[str, Writer],
    on_terminal: Callable[[Report, TextIO], str],
) -> None:
    """Write the files first, each whole or not at all, then standard output; a file that fails takes nothing along."""
    failed: list[FileError] = []
    for path in outputs:
        try:
            write(path, writers[_form_of(path, form, writers)](report))
        except FileError as error:
            failed.append(error)
    try:
        click.echo(on_terminal(report, sys.stdout) if form == "terminal" else writers[form](report), nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read it has seen enough; what is left in the buffer must not fail at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        failed.append(FileError(f"standard output: {os.strerror(error.errno or 0).lower()}"))
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if failed:
        raise failed[0]


def _form_of(path: Path, form: str, writers: Mapping[str, Writer]) -> str:
    meant = SUFFIXES.get(path.suffix, form)
    return meant if meant in writers else form


def exit_code(report: Report, fail_on: Severity) -> int:
    """Return the process's status: interrupted beats incomplete beats findings beats clean.

    A finding that the witnesses contradict does not fail a scan by itself.
    """
    if report.partial:
        return INTERRUPTED
    if report.incomplete or report.failures:
        return INCOMPLETE
    failing = [
        finding
        for finding in report.findings
        if finding.severity.rank >= fail_on.rank and finding.status is not Status.CONTRADICTED
    ]
    return FOUND if failing else CLEAN
