"""`stopper sweep`: tokens at rest."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import click

from stopper.io.files import FileError, escape, write
from stopper.sweep.files import printable
from stopper.sweep.listing import lines
from stopper.sweep.sighting import Judge, Life, SweepError, judged_by_itself
from stopper.sweep.sources import sources
from stopper.sweep.sweeping import Sweep
from stopper.sweep.tally import Row, Tally

CLEAN, FOUND, UNUSABLE, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130


def _terminal(sweep: Sweep, targets: tuple[str, ...], seconds: float) -> str:
    tally = sweep.tally
    told = lines(tally.rows, sweep.skipped, sweep.sources, sweep.bytes, tally.further)
    return "".join(f"{escape(line)}\n" for line in told)


def _json(sweep: Sweep, targets: tuple[str, ...], seconds: float) -> str:
    from stopper.cli.swept import report
    from stopper.report import json

    return json.render(report(sweep, targets, seconds, exit_code(sweep)))


def _sarif(sweep: Sweep, targets: tuple[str, ...], seconds: float) -> str:
    from stopper.cli.swept import report
    from stopper.report import sarif

    return sarif.render(report(sweep, targets, seconds, exit_code(sweep)))


# The catalogue and its reporters are loaded where they are asked for: a small sweep would take longer for them.
WRITERS: Mapping[str, Callable[[Sweep, tuple[str, ...], float], str]] = {
    "terminal": _terminal,
    "json": _json,
    "sarif": _sarif,
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
    with _ending_in_words():
        _check_folders((*outputs, *((resume,) if resume else ())))
        began = time.monotonic()
        sweep = Sweep(Tally(_judge(store, revoke)), resume)
        sweep.over(sources(paths, leave_out=resume))
        seconds = time.monotonic() - began
        for path in outputs:
            write(path, WRITERS[SUFFIXES.get(path.suffix, form)](sweep, _shown(paths), seconds))
        click.echo(WRITERS[form](sweep, _shown(paths), seconds), nl=False)
    if revoke:
        _say_revoked(sweep.tally.rows)
    sys.exit(exit_code(sweep))


@contextlib.contextmanager
def _ending_in_words() -> Iterator[None]:
    """End the command with one line and its status; what an error of ours says may hold what was read."""
    try:
        yield
    except (FileError, SweepError) as error:
        _end(str(error), UNUSABLE)
    except KeyboardInterrupt:
        _end("interrupted", INTERRUPTED)
    except Exception as error:
        _end(f"not swept to the end: {type(error).__name__}", INCOMPLETE)


def _end(why: str, status: int) -> NoReturn:
    click.echo(f"stopper: {why}", err=True)
    sys.exit(status)


def _check_folders(paths: tuple[Path, ...]) -> None:
    """Raise FileError for a file that could not be written: not at the end, when the work would be lost."""
    for path in paths:
        if not path.absolute().parent.is_dir():
            raise FileError(f"{escape(str(path))}: no such folder")


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
        _end(str(error), UNUSABLE)
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


def _shown(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return what was named, without the passwords and queries of addresses."""
    return tuple(path.partition("://")[0] + "://…" if "://" in path else printable(path) for path in paths)
