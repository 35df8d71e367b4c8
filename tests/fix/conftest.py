"""Repairs in this process, where a test is not about the child: starting one takes a second."""

from __future__ import annotations

import pytest

from stopper.fix import jobs
from stopper.fix.rewriter import rewritten


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rewrite in this process."""
    monkeypatch.setattr(jobs, "run", lambda given: list(map(rewritten, given)))
