"""What happens to tokens, counted for Prometheus: by what happened and why, never by whose token it was.

    stopper.guard.metrics.install(app)

Every label has a fixed set of values, so that no caller can make up series: no token, subject, client, path or address.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from stopper.guard.audit import Event, Kind, happened
from stopper.guard.gate import EXTENSION, Gate
from stopper.guard.settings import ConfigurationError

__all__ = ["REASONS", "install"]

REASONS = {
    "expired": ("expired",),
    "revoked": ("revoked",),
    "reused": ("a used refresh token",),
    "unknown": ("unknown",),
    "malformed": ("not a token", "not a refresh token", "malformed", "not a canonical", "Authorization header too"),
    "plain_http": ("plain HTTP",),
    "in_query": ("token in the query",),
    "scope": ("The token does not reach",),
    "stale": ("authentication too old",),
    "audience": ("audience", "meant for another audience"),
    "subject": ("the subject is not let in",),
    "signature": ("the signature", "the algorithm", "no key of that id"),
    "binding": ("bound to", "presented ", "nothing to bind to"),
    "proof": ("proof", "no proof", "no current nonce"),
    "client": ("wrong secret", "no id of a client", "an unknown client", "no client auth", "refresh token of another"),
    "unavailable": ("store unavailable", "keys of the issuer unavailable"),
}
"""The values of the label `reason` with the beginnings of the audit's reasons that they stand for; else `other`."""

_LATENCIES = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0)


def install(app: Flask, registry: CollectorRegistry = REGISTRY) -> None:
    """Count the audit's events of a guarded application, and time how long each credential takes to check.

    Once for each application and registry. Raises ConfigurationError for an application that is not guarded.
    """
    gate = app.extensions.get(EXTENSION)
    if not isinstance(gate, Gate):
        raise ConfigurationError("metrics are of a guarded application: call guard.init_app(app) before")
    counted = _Counted(registry)
    happened.connect(counted.count, app, weak=False)
    gate.time_checks(counted.seconds.observe)


class _Counted:
    """The counters of one application."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._issued = Counter("stopper_tokens_issued", "Access tokens issued.", registry=registry)
        self._refreshed = Counter("stopper_tokens_refreshed", "Refresh tokens exchanged.", registry=registry)
        self._revoked = Counter("stopper_revocations", "Revocations written.", registry=registry)
        self._refused = Counter("stopper_refusals", "Credentials refused.", ("reason",), registry=registry)
        self._reused = Counter("stopper_refresh_reuse", "Used refresh tokens that came again.", registry=registry)
        self._keys = Counter("stopper_key_changes", "Keys rotated and retired.", registry=registry)
        self.seconds = Histogram(
            "stopper_validation_seconds", "Time to check a credential.", buckets=_LATENCIES, registry=registry
        )
        for reason in (*REASONS, "other"):
            self._refused.labels(reason)  # so that each series is there from the start, as rates need it

    def count(self, app: object, event: Event, **rest: Any) -> None:
        """Count one event of the audit."""
        if event.kind is Kind.ISSUED:
            self._issued.inc()
        elif event.kind is Kind.REFRESHED:
            self._refreshed.inc()
        elif event.kind is Kind.REVOKED:
            self._revoked.inc()
        elif event.kind is Kind.REFUSED:
            reason = _label(event.reason)
            self._refused.labels(reason).inc()
            if reason == "reused":
                self._reused.inc()
        else:
            self._keys.inc()


def _label(reason: str) -> str:
    """Return the value of the label for a reason of the audit, which may name a client."""
    return next((label for label, beginnings in REASONS.items() if reason.startswith(beginnings)), "other")
