"""The engine: plan, run, and one stream of events.

`plan.py` decides what is asked, `live.py` asks a running API through `recorder.py`, `scan.py` puts all witnesses
together.
"""

from stopper.engine.events import CheckFailed, Event, Observed, ScanFinished, ScanStarted, Sent, Skipped
from stopper.engine.plan import Limits, Plan
from stopper.engine.recorder import Login, Refresh, Target, Transport
from stopper.engine.scan import Inputs, Scan

__all__ = [
    "CheckFailed",
    "Event",
    "Inputs",
    "Limits",
    "Login",
    "Observed",
    "Plan",
    "Refresh",
    "Scan",
    "ScanFinished",
    "ScanStarted",
    "Sent",
    "Skipped",
    "Target",
    "Transport",
]
