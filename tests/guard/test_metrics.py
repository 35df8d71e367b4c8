"""What Prometheus is told of tokens: how many and why, and nothing of whose they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client import CollectorRegistry, generate_latest

from stopper.guard import ConfigurationError, Guard, InvalidGrant, audit, metrics
from stopper.guard.settings import Settings


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return a registry of the test's own."""
    return CollectorRegistry()


def _read(registry: CollectorRegistry, name: str, **labels: str) -> float:
    value = registry.get_sample_value(name, labels)
    assert value is not None
    return value


def test_what_happens_to_tokens_is_counted(make_app: object, registry: CollectorRegistry) -> None:
    """Issues, refreshes, revocations, refusals by their reason and the reuse of a refresh token each have a number."""
    app: Flask = make_app(refresh_grace=0)  # type: ignore[operator]
    metrics.install(app, registry)
    guard = Guard()
    caller = app.test_client()
    token = caller.post("/login").json["access_token"]  # type: ignore[index]
    for credential in (token, token, "wrong"):
        caller.get("/me", headers={"Authorization": f"Bearer {credential}"})
    caller.get("/admin", headers={"Authorization": f"Bearer {token}"})
    with app.app_context():
        first = guard.issue_with_refresh("alice")["refresh_token"]
        guard.renew(first)
        with pytest.raises(InvalidGrant):
            guard.renew(first)
        guard.revoke_subject("alice")
    assert _read(registry, "stopper_tokens_issued_total") == 2
    assert _read(registry, "stopper_tokens_refreshed_total") == 1
    assert _read(registry, "stopper_revocations_total") == 2
    assert _read(registry, "stopper_refresh_reuse_total") == 1
    assert _read(registry, "stopper_refusals_total", reason="malformed") == 1
    assert _read(registry, "stopper_refusals_total", reason="scope") == 1
    assert _read(registry, "stopper_refusals_total", reason="reused") == 1
    assert _read(registry, "stopper_validation_seconds_count") == 4
    assert 0 < _read(registry, "stopper_validation_seconds_sum") < 60


def test_no_label_can_be_made_up_by_a_caller(app: Flask, registry: CollectorRegistry) -> None:
    """However many subjects, clients, paths, tokens and reasons there are, the series stay the same ones."""
    metrics.install(app, registry)
    before = _series(registry)
    recorder = audit.Recorder(app, Settings())
    for number in range(100):
        recorder.record(audit.Kind.REFUSED, token_id=f"id{number}", reason=f"reason {number}", subject=f"s{number}")
        recorder.record(audit.Kind.REFUSED, reason=f"wrong secret for client-{number:016x}")
        app.test_client().get(f"/path{number}", headers={"Authorization": f"Bearer t{number}"})
    assert _series(registry) == before
    assert _read(registry, "stopper_refusals_total", reason="other") == 100
    assert _read(registry, "stopper_refusals_total", reason="client") == 100


def _series(registry: CollectorRegistry) -> list[str]:
    return [line.rpartition(b" ")[0].decode() for line in generate_latest(registry).splitlines()]


def test_each_application_is_counted_on_its_own(tmp_path: Path, registry: CollectorRegistry) -> None:
    """What happens to the tokens of another application of the process is not counted."""
    shop, other = (Flask(name, instance_path=str(tmp_path / name)) for name in ("shop", "other"))
    guard = Guard(shop)
    guard.init_app(other)
    metrics.install(shop, registry)
    guard.test_client_token(other, "alice")
    assert _read(registry, "stopper_tokens_issued_total") == 0
    guard.test_client_token(shop, "alice")
    assert _read(registry, "stopper_tokens_issued_total") == 1


def test_an_application_without_guard_has_no_metrics(registry: CollectorRegistry) -> None:
    """To count the tokens of an application that is not guarded is an error, and leaves nothing registered."""
    with pytest.raises(ConfigurationError):
        metrics.install(Flask("bare"), registry)
    assert list(registry.collect()) == []


def test_nothing_is_imported_that_is_not_used() -> None:
    """The guard alone, and the hooks for Sentry, import none of the monitoring libraries."""
    code = (
        "import sys, stopper.guard, stopper.guard.sentry\n"
        "print(sorted({'sentry_sdk', 'opentelemetry', 'prometheus_client', 'authlib'} & set(sys.modules)))"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert made.stdout == "[]\n"
