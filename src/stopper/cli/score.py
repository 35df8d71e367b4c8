"""`stopper score`: the score of a report, and how it came about."""

from __future__ import annotations

from pathlib import Path

import click

from stopper.cli.kept import kept
from stopper.report.explained_score import explained, in_one_line


@click.command("score")
@click.argument("report", type=click.Path(path_type=Path))
@click.option("--explain", is_flag=True, help="Show what each finding cost, the band and the cap.")
def command(report: Path, explain: bool) -> None:
    """Show the score and grade of a JSON report, by the published formula."""
    read = kept(report)
    click.echo(explained(read) if explain else in_one_line(read), nl=False)
