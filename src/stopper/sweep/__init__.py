"""Tokens at rest: found in files, archives, databases and git histories by their form, told without being shown.

`Sweep` goes over *sources* (files, tables, repositories) in steps, `Tally` keeps one row a token. Of Stopper it imports
`secret` alone, so that the guard and the scanner can both use it.
"""

from __future__ import annotations

from stopper.sweep.sighting import Life, Sighting, Spot
from stopper.sweep.sources import sources
from stopper.sweep.state import StateError
from stopper.sweep.sweeping import Sweep
from stopper.sweep.tally import Row, Tally

__all__ = ["Life", "Row", "Sighting", "Spot", "StateError", "Sweep", "Tally", "sources"]
