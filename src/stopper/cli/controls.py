"""`stopper controls`: the catalogue."""

from __future__ import annotations

import click

from stopper.controls import catalogue
from stopper.report.catalogue import table


@click.command("controls")
def command() -> None:
    """List every control: id, name, severity, witnesses, and the promise in a sentence."""
    click.echo(table({name: (entry.control, tuple(entry.hooks)) for name, entry in catalogue().items()}))
