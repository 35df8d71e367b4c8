"""Reports that were kept, read from files: what `stopper diff` and `stopper score` begin with."""

from __future__ import annotations

from pathlib import Path

import click

from stopper.io.files import FileError, escape, read
from stopper.report.reading import KeptReport, ReportError
from stopper.report.reading import read as parse

LARGEST = 256 << 20


def kept(path: Path) -> KeptReport:
    """Return a report from a file; one that cannot be used ends the command with one line and status 2."""
    try:
        return parse(read(path, LARGEST))
    except FileError as error:
        raise click.UsageError(str(error)) from None
    except ReportError as error:
        raise click.UsageError(f"{escape(str(path))}: {error}") from None
