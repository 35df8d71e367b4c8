"""Writes what the shop does to the terminal, tokens blotted out: or so it seems."""

from __future__ import annotations

import logging
import re

log = logging.getLogger("shop")


class Redaction(logging.Filter):
    """Blots out tokens.

    Deliberately wrong: it looks at the message only, and a token given as an argument is filled in afterwards.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace what looks like a token in the message."""
        record.msg = re.sub(r"[A-Za-z0-9_.-]{32,}", "[redacted]", str(record.msg))  # BT303
        return True


class Terminal(logging.Handler):
    """Prints every record."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        print(self.format(record), flush=True)


def configure() -> None:
    """Send the shop's log to the terminal, once."""
    if not log.handlers:
        handler = Terminal()
        handler.addFilter(Redaction())
        log.addHandler(handler)
        log.setLevel(logging.INFO)
