"""`stopper explain`: a control's page."""

from __future__ import annotations

import sys

import click

from stopper.controls import UnknownControlError, find
from stopper.report.catalogue import page_for


@click.command("explain")
@click.argument("control")
def command(control: str) -> None:
    """Show what is wrong, why it matters, and how it is done right; CONTROL is an id or a name."""
    try:
        entry = find(control)
    except UnknownControlError as error:
        raise click.UsageError(str(error)) from None
    click.echo(page_for(entry.control, entry.page, sys.stdout))
