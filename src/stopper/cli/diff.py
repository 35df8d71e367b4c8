"""`stopper diff`: two reports compared, with an exit status for a pipeline."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from stopper.cli.kept import kept
from stopper.model import Severity
from stopper.report.difference import Difference, compare, failing, render

UNCHANGED, NEW, INCOMPLETE = 0, 1, 3


@click.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.LOW.value,
    help="Exit 1 where a new finding has this severity or a worse one.",
)
def command(old: Path, new: Path, fail_on: str) -> None:
    """Compare two JSON reports: which findings are new, which are gone, which stayed.

    A finding is only gone where the new scan looked for it and came to its end.
    """
    difference = compare(kept(old), kept(new))
    click.echo(render(difference), nl=False)
    sys.exit(exit_code(difference, Severity(fail_on)))


def exit_code(difference: Difference, fail_on: Severity) -> int:
    """Return 3 where the new scan is not whole, else 1 for new findings from this severity on, else 0."""
    if difference.new_unfinished:
        return INCOMPLETE
    return NEW if failing(difference.new, fail_on) else UNCHANGED
