"""What a scan says while it runs: one stream that progress, log and report are all fed from."""

from __future__ import annotations

from dataclasses import dataclass

from stopper.engine.plan import Plan
from stopper.model import Failure, Observation, Report, Skip, Witness


@dataclass(frozen=True, slots=True)
class ScanStarted:
    """The plan, before the first request is sent."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Sent:
    """A request went out over a live witness; `count` is the number so far for that witness."""

    witness: Witness
    count: int


@dataclass(frozen=True, slots=True)
class Guessed:
    """Keys were tried on a token offline; `tried` is the number so far."""

    tried: int


@dataclass(frozen=True, slots=True)
class Observed:
    """A control was answered."""

    observation: Observation


@dataclass(frozen=True, slots=True)
class CheckFailed:
    """A control's own code crashed; the scan goes on and cannot end clean."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something was not looked at."""

    skip: Skip


@dataclass(frozen=True, slots=True)
class ScanFinished:
    """The whole report; the last event."""

    report: Report


Event = ScanStarted | Sent | Guessed | Observed | CheckFailed | Skipped | ScanFinished
