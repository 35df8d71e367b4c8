"""`stopper matrix`: who may come in at each endpoint, as specification, code, application and wire say."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from stopper.cli.scan import (
    CLEAN,
    FOUND,
    INCOMPLETE,
    INTERRUPTED,
    Writer,
    asking,
    check_outputs,
    deliver,
    ending_in_words,
    scanned,
)
from stopper.model import Agreement, Report
from stopper.report import html, json, matrix_csv, terminal_matrix

WRITERS: Mapping[str, Writer] = {
    "terminal": terminal_matrix.render,
    "json": json.render_matrix,
    "html": html.render_matrix,
    "csv": matrix_csv.render,
}


@click.command("matrix")
@click.argument("targets", metavar="[TARGET...]", nargs=-1)
@click.option("--format", "form", type=click.Choice(tuple(WRITERS)), default="terminal", help="What is written.")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to a file too, as its suffix (.json, .html, .csv, .txt) or else --format says; may be repeated.",
)
@click.option("--fail-on", type=click.Choice(["drift"]), help="Exit 1 where the witnesses contradict one another.")
@asking
def command(targets: tuple[str, ...], form: str, outputs: tuple[Path, ...], fail_on: str | None, **asked: Any) -> None:
    """Show one row per endpoint: who may come in, as each witness says, how that was learnt, and what it comes to.

    TARGETs are those of `stopper scan`, and they are asked as a scan asks them.
    """
    with ending_in_words():
        check_outputs(outputs)
        report = scanned(targets, asked)
        deliver(report, form, outputs, WRITERS, terminal_matrix.for_terminal)
    sys.exit(exit_code(report, fail_on))


def exit_code(report: Report, fail_on: str | None) -> int:
    """Return the process's status: interrupted beats incomplete beats drift beats clean."""
    if report.partial:
        return INTERRUPTED
    if report.incomplete or report.failures:
        return INCOMPLETE
    drifts = fail_on and any(row.agreement is Agreement.DRIFT for row in report.matrix)
    return FOUND if drifts else CLEAN
