"""`stopper controls`: the catalogue."""

from __future__ import annotations

import click

from stopper.controls import Entry, catalogue
from stopper.report.catalogue import table


@click.command("controls")
def command() -> None:
    """List every control: id, name, severity, who is asked, and what is wrong where it is broken."""
    click.echo(table({name: (entry.control, _asked(entry)) for name, entry in catalogue().items()}))


def _asked(entry: Entry) -> tuple[str, ...]:
    """Return the hooks; what is asked of the wire is asked of the running app too, where the catalogue says so."""
    live = "mutate" in entry.hooks or "A" in entry.control.witnesses.split()
    return (*entry.hooks, "app") if live else tuple(entry.hooks)
