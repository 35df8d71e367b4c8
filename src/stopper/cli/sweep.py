"""`stopper sweep`: tokens at rest."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click

from stopper import __version__
from stopper.cli.scan import CLEAN, FOUND, INCOMPLETE, UNUSABLE, check_outputs, end, ending_in_words
from stopper.controls import find
from stopper.io.files import FileError, write
from stopper.model import Coverage, Finding, Report, Skip, Status, Verdict
from stopper.report import json, sarif
from stopper.report.outgoing import visible
from stopper.sweep.listing import lines, told
from stopper.sweep.sighting import Judge, Life, judged_by_itself
from stopper.sweep.sources import sources
from stopper.sweep.sweeping import Sweep
from stopper.sweep.tally import Row, Tally

CONTROL = "BT315"


def _terminal(sweep: Sweep, targets: tuple[str, ...], seconds: float) -> str:
    rows, tally = sweep.tally.rows, sweep.tally
    return "".join(
        f"{visible(line)}\n" for line in lines(rows, sweep.skipped, sweep.sources, sweep.bytes, tally.further)
    )


def _reported(render: Callable[[Report], str]) -> Callable[[Sweep, tuple[str, ...], float], str]:
    return lambda sweep, targets, seconds: render(_report(sweep, targets, seconds))


WRITERS: Mapping[str, Callable[[Sweep, tuple[str, ...], float], str]] = {
    "terminal": _terminal,
    "json": _reported(json.render),
    "sarif": _reported(sarif.render),
}
SUFFIXES = {".txt": "terminal", ".json": "json", ".sarif": "sarif"}


@click.command("sweep")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--store", metavar="URL", help="The guard's store, which knows what lives; or env:NAME.")
@click.option("--revoke", is_flag=True, help="End every token of the store that lives.")
@click.option(
    "--resume", type=click.Path(path_type=Path, dir_okay=False), help="Keeps how far the sweep came, to go on there."
)
@click.option("--format", "form", type=click.Choice(tuple(WRITERS)), default="terminal", help="What is printed.")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to a file too, as its suffix (.json, .sarif, .txt) or else --format says; may be repeated.",
)
def command(
    paths: tuple[str, ...], store: str | None, revoke: bool, resume: Path | None, form: str, outputs: tuple[Path, ...]
) -> None:
    """Find tokens at rest, without ever printing one: logs, dumps, HAR, .env, archives, databases, git histories.

    A PATH is a file, a folder, the SQLAlchemy URL of a database, or env:NAME for such a URL in an environment variable.
    Compressed and rotated files are read as they are, a folder with a git repository with its history. With --store,
    tells which tokens of the guard still live; peppers come from STOPPER_PEPPERS.
    """
    if revoke and not store:
        raise click.UsageError("--revoke needs --store")
    with ending_in_words():
        check_outputs((*outputs, *((resume,) if resume else ())))
        began = time.monotonic()
        sweep = _swept(paths, _judge(store, revoke), resume)
        seconds = time.monotonic() - began
        for path in outputs:
            write(path, WRITERS[SUFFIXES.get(path.suffix, form)](sweep, _shown(paths), seconds))
        click.echo(WRITERS[form](sweep, _shown(paths), seconds), nl=False)
    if revoke:
        _say_revoked(sweep.tally.rows)
    sys.exit(exit_code(sweep))


def _swept(paths: tuple[str, ...], judge: Judge, resume: Path | None) -> Sweep:
    """Sweep; what cannot be used ends the command with one line that holds no address."""
    from stopper.guard.store import StoreError

    try:
        sweep = Sweep(Tally(judge), resume)
        sweep.over(sources(paths, leave_out=resume))
    except ValueError as error:
        end(str(error), UNUSABLE)
    except StoreError as error:
        end(str(error), INCOMPLETE)
    return sweep


def _judge(store: str | None, revoke: bool) -> Judge:
    """Return what tells the life of a token: the store where one is named, else the token itself."""
    if store is None:
        return judged_by_itself
    from stopper.guard.leaked import ending, kept_in, standing
    from stopper.guard.settings import ConfigurationError
    from stopper.guard.store import StoreError

    try:
        tokens = kept_in(_address(store))
    except (ConfigurationError, StoreError) as error:
        end(str(error), UNUSABLE)
    return ending(tokens, tokens.end) if revoke else standing(tokens)


def _address(store: str) -> str:
    if not store.startswith("env:"):
        return store
    value = os.environ.get(store[4:], "")
    if not value:
        raise FileError(f"--store: the environment variable {store[4:]} is not set")
    return value


def _say_revoked(rows: Iterable[Row]) -> None:
    click.echo(f"revoked: {sum(row.life is Life.REVOKED_NOW for row in rows)}", err=True)


def exit_code(sweep: Sweep) -> int:
    """Return 3 where something was not read, else 1 where a credential was found, else 0."""
    if sweep.skipped:
        return INCOMPLETE
    return FOUND if sweep.tally.rows else CLEAN


# --------------------------------------------------------------------------- as a report


def _shown(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return what was named, without the passwords and queries of addresses."""
    return tuple(path.partition("://")[0] + "://…" if "://" in path else visible(path) for path in paths)


def _report(sweep: Sweep, targets: tuple[str, ...], seconds: float) -> Report:
    """Return the sweep as a report of one control."""
    entry = find(CONTROL)
    findings: list[Finding] = []
    for row in told(sweep.tally.rows):
        findings += (_finding(verdict) for verdict in entry.hooks["rest"](row))
    return Report(
        targets=targets,
        findings=tuple(findings),
        observations=(),
        coverage=Coverage(
            files=sweep.sources, files_analysed=sweep.sources, seconds=seconds, controls_asked=(entry.control.id,)
        ),
        skips=tuple(Skip(skipped.what, skipped.why, "source") for skipped in sweep.skipped),
        ungraded="a sweep has no grade",
        incomplete="not everything was read" if sweep.skipped else "",
        notes=(f"{sweep.tally.further} further sightings are not listed",) if sweep.tally.further else (),
        controls={entry.control.id: entry.control},
        pages={entry.control.id: entry.page},
        version=__version__,
        exit_code=exit_code(sweep),
    )


def _finding(verdict: Verdict) -> Finding:
    control = find(CONTROL).control
    return Finding(
        control=control.id,
        name=control.name,
        title=control.title,
        severity=verdict.severity or control.severity,
        status=Status.CONFIRMED,
        message=verdict.message,
        place=verdict.place,
        endpoints=(),
        observations=(),
    )
